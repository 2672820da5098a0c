import type { Distribution } from '../../trace/analysis/index.ts';
import { durationText } from '../../trace/analysis/index.ts';
import type { Cell } from './document.ts';

/** Titles of the columns that `distributionCells` fills. */
export const DISTRIBUTION = ['>total', '>count', '>p50', '>p99', '>max'] as const;

export const distributionCells = ({ totalNs, count, p50Ns, p99Ns, maxNs }: Distribution): readonly Cell[] => [
  durationText(totalNs),
  String(count),
  durationText(p50Ns),
  durationText(p99Ns),
  durationText(maxNs),
];

/** A line that says how many rows are not shown. */
export const moreLines = (all: number, shown: number): readonly string[] =>
  all > shown ? [`  … ${all - shown} more: --rows ${all} shows them`] : [];
