import type { Analysis } from '../analysis/analysis.ts';
import { findingsOf } from '../analysis/findings.ts';
import { isWorse, type Risk } from '../analysis/risk.ts';
import { percent, placeText } from '../analysis/words.ts';
import type { PageFinding } from './page-data.ts';

/** What a page shows beside its timeline: findings, what stood still all the time, and what everybody does at the end. */
export function pageFindings(analysis: Analysis): PageFinding[] {
  const found = findingsOf(analysis).map(({ severity, title, evidence, place }) => ({
    severity,
    title,
    lines: place === undefined ? evidence : [`${place.function} (${place.file}:${place.line})`, ...evidence],
  }));
  const bad = [...found, ...unmoved(analysis).filter(({ severity }) => severity !== 'normal')];
  // What a healthy program does needs no mention.
  return [...bad, ...states(analysis).filter(({ severity }) => bad.length > 0 || severity !== 'normal')];
}

const worst = (risks: readonly Risk[]): Risk =>
  risks.reduce((most, risk) => (isWorse(risk, most) ? risk : most), 'normal' as Risk);

const MOST_GROUPS = 20;

/** No span of the timeline tells it: it is as long as the trace. */
function unmoved({ leaks }: Analysis): PageFinding[] {
  const groups = leaks.groups.filter((group) => group.unmoved > 0);
  if (groups.length === 0) return [];
  return [
    {
      severity: worst(groups.map(({ risk }) => risk)),
      title: `${leaks.unmoved} of ${leaks.living} goroutines did not move at all during the trace`,
      lines: [
        ...groups
          .slice(0, MOST_GROUPS)
          .map(
            ({ unmoved: count, reason, place, risk }) =>
              `${count} in ${reason}${place === undefined ? '' : `, in ${placeText(place)}`}: ${risk}`,
          ),
        ...(groups.length > MOST_GROUPS ? [`… ${groups.length - MOST_GROUPS} more such groups`] : []),
      ],
    },
  ];
}

function states({ leaks }: Analysis): PageFinding[] {
  if (leaks.states.length === 0) return [];
  return [
    {
      severity: worst(leaks.states.map(({ risk }) => risk)),
      title: `What the ${leaks.living} goroutines of the program do at the end`,
      lines: leaks.states.map(
        ({ state, count, share, risk, because }) =>
          `${count} (${percent(share)}) ${state}: ${risk}${because === '' ? '' : `, ${because}`}`,
      ),
    },
  ];
}
