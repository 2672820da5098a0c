import { UserError } from '../../base/index.ts';
import { type Analysis, durationText, findingsOf } from '../../trace/analysis/index.ts';
import { plural } from '../output/text.ts';
import type { Block } from './document.ts';
import type { ReportOptions } from './report-options.ts';
import { storyBlocks } from './section-goroutines.ts';
import { stateBlocks, unmovedBlocks } from './section-leaks.ts';
import { SECTIONS } from './sections.ts';

/** What is asked of a trace. */
export interface ReportRequest extends ReportOptions {
  /** Names of sections; none: the findings and what a screen has room for. */
  readonly sections: readonly string[];
  readonly goroutine: number | undefined;
}

/** The graph is asked for at a time that the trace has. */
function checkTime({ subject: { trace } }: Analysis, { atNs }: ReportRequest): void {
  if (atNs !== undefined && atNs > trace.duration)
    throw new UserError(
      `the trace ends after ${durationText(trace.duration)}`,
      'name a time before that with --at',
    );
}

/** What the whole trace is, before anything of it. */
export interface TraceFacts {
  readonly name: string;
  readonly writer: string;
  readonly format: string;
  readonly durationNs: number;
  readonly events: number;
  readonly goroutines: number;
  readonly gomaxprocs: number;
  readonly gomaxprocsKnown: boolean;
}

export function traceFacts({ subject, processors }: Analysis): TraceFacts {
  const { trace, lives } = subject;
  return {
    name: trace.source.name,
    writer: trace.source.writer,
    format: trace.source.format,
    durationNs: trace.duration,
    events: trace.events.count,
    goroutines: lives.goroutines.length,
    gomaxprocs: processors.gomaxprocs,
    gomaxprocsKnown: processors.gomaxprocsKnown,
  };
}

/** The answer as data, with stable field names: all sections unless some are named. */
export function reportData(analysis: Analysis, request: ReportRequest): Readonly<Record<string, unknown>> {
  checkTime(analysis, request);
  const data: Record<string, unknown> = { trace: traceFacts(analysis) };
  if (request.goroutine !== undefined) return { ...data, goroutine: analysis.story(request.goroutine) };
  const named = new Set(request.sections);
  data.findings = findingsOf(analysis);
  for (const section of SECTIONS) {
    if (named.size === 0 || named.has(section.name)) data[section.name] = section.data(analysis, request);
  }
  return data;
}

const SHOWN_FINDINGS = 4;
/** Of a long chain the ends: who waits, and for whom in the end. */
const FIRST_EVIDENCE = 6;
const LAST_EVIDENCE = 6;

/** The answer to be read. */
export function* reportBlocks(analysis: Analysis, request: ReportRequest): Iterable<Block> {
  checkTime(analysis, request);
  const facts = traceFacts(analysis);
  yield {
    kind: 'lines',
    lines: [
      `${facts.name}: ${durationText(facts.durationNs)}, ${plural(facts.events, 'event')}, ${plural(facts.goroutines, 'goroutine')} ${facts.gomaxprocsKnown ? 'on' : 'seen on'} ${plural(facts.gomaxprocs, 'P')}`,
      ...analysis.consistency.notes.map((note) => `note: ${note}`),
    ],
  };
  if (request.goroutine !== undefined) {
    yield* storyBlocks(analysis.story(request.goroutine), request);
    return;
  }
  if (request.sections.length === 0) {
    yield* findingBlocks(analysis);
    yield* stateBlocks(analysis, request);
    yield* unmovedBlocks(analysis, request);
    yield { kind: 'lines', lines: ['', `More: ${SECTIONS.map(({ name }) => `--${name}`).join(' ')} --all`] };
    return;
  }
  if (request.sections.length === SECTIONS.length) yield* findingBlocks(analysis);
  for (const section of SECTIONS) {
    if (request.sections.includes(section.name)) yield* section.blocks(analysis, request);
  }
}

function shortened(evidence: readonly string[]): readonly string[] {
  const left = evidence.length - FIRST_EVIDENCE - LAST_EVIDENCE;
  if (left <= 1) return evidence;
  const more = `… ${left} lines more in --json`;
  return [...evidence.slice(0, FIRST_EVIDENCE), more, ...evidence.slice(-LAST_EVIDENCE)];
}

function* findingBlocks(analysis: Analysis): Iterable<Block> {
  const findings = findingsOf(analysis);
  if (findings.length === 0) {
    yield { kind: 'lines', lines: ['', 'Nothing that needs looking at was found.'] };
    return;
  }
  for (const { severity, title, place, evidence } of findings.slice(0, SHOWN_FINDINGS)) {
    yield { kind: 'lines', lines: [''] };
    yield { kind: 'finding', severity, title, place, lines: shortened(evidence) };
  }
  const more = findings.length - SHOWN_FINDINGS;
  if (more > 0) yield { kind: 'lines', lines: ['', `… and ${more} more in --json`] };
}
