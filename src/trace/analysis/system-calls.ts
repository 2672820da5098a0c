import { STATE } from '../events.ts';
import { type Distribution, GroupedDurations, Numbering } from './distribution.ts';
import type { Place } from './places.ts';
import type { Subject } from './subject.ts';

/** System calls by where they are made, the longest total first. Go's tracer tells of those that may take long. */
export interface SystemCallRow {
  readonly place: Place | undefined;
  /** As the trace has it, or as the function of package syscall is called that makes it. */
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
  const names = new Map<number, string | undefined>();
  const nameOf = (span: number): string | undefined => {
    const object = subject.trace.objects[spans.object[span]!];
    if (object?.kind === 'syscall') return object.name;
    const stack = spans.stack[span]!;
    if (!names.has(stack)) names.set(stack, wrapperName(subject.trace, stack));
    return names.get(stack);
  };
  for (let i = 0; i < spans.count; i++) {
    if (spans.state[i] !== STATE.syscall) continue;
    const group = groups.of(`${subject.places.of(spans.stack[i]!)} ${nameOf(i) ?? ''}`);
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
      name: nameOf(examples[group]!),
      calls,
      lostProcessor: lost[group]!,
    }))
    .sort((a, b) => b.calls.totalNs - a.calls.totalNs);
}

/** Functions that make whatever call they are told to. */
const ANY_CALL = /^(?:Raw)?Syscall(?:6|9|NoError)?$|^rawSyscallNoError$|^runtime_/;
const WRAPPER = /^(?:syscall|internal\/syscall\/unix|golang\.org\/x\/sys\/unix)\.(\w+)$/;
/** They are innermost. */
const WRAPPER_DEPTH = 5;

/** `write` of syscall.write, `close` of syscall.Close: Go's tracer does not tell the number. */
function wrapperName({ stacks }: Subject['trace'], stack: number): string | undefined {
  for (const id of stacks.frames(stack).subarray(0, WRAPPER_DEPTH)) {
    const [, name] = WRAPPER.exec(stacks.frame(id).function) ?? [];
    if (name !== undefined && !ANY_CALL.test(name)) return name.toLowerCase();
  }
  return undefined;
}
