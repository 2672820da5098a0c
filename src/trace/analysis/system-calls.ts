import { STATE } from '../events.ts';
import { type Distribution, GroupedDurations, Numbering } from './distribution.ts';
import type { Place } from './places.ts';
import type { Subject } from './subject.ts';

/** System calls by where they are made, the longest total first. Go's tracer tells of those that may take long. */
export interface SystemCallRow {
  readonly place: Place | undefined;
  /** Where the trace has it. */
  readonly name: string | undefined;
  readonly calls: Distribution;
  /** How many took so long that the P was given to others: the goroutine had to queue for one afterwards. */
  readonly lostProcessor: number;
}

export function systemCallsOf(subject: Subject): readonly SystemCallRow[] {
  const { spans, goroutines } = subject.lives;
  const groups = new Numbering<string>();
  const examples: number[] = [];
  const lost: number[] = [];
  const durations = new GroupedDurations();
  for (let i = 0; i < spans.count; i++) {
    if (spans.state[i] !== STATE.syscall) continue;
    const group = groups.of(`${subject.places.of(spans.stack[i]!)} ${nameOf(subject, i) ?? ''}`);
    examples[group] ??= i;
    durations.add(group, spans.end[i]! - spans.start[i]!);
    const hasNext = i + 1 < goroutines[spans.life[i]!]!.end;
    const queued = hasNext && spans.state[i + 1] === STATE.runnable;
    lost[group] = (lost[group] ?? 0) + (queued ? 1 : 0);
  }
  return durations
    .distributions()
    .map((calls, group) => ({
      place: subject.placeOf(spans.stack[examples[group]!]!),
      name: nameOf(subject, examples[group]!),
      calls,
      lostProcessor: lost[group]!,
    }))
    .sort((a, b) => b.calls.totalNs - a.calls.totalNs);
}

function nameOf({ trace, lives }: Subject, span: number): string | undefined {
  const object = trace.objects[lives.spans.object[span]!];
  return object?.kind === 'syscall' ? object.name : undefined;
}
