import type { SchedulerFacts } from '../../golang/index.ts';
import {
  beside,
  R9,
  R12,
  R13,
  RAX,
  RBX,
  RDX,
  type Register,
  SLOT,
  slotBytes,
  type TrampolineCode,
} from '../../probe/index.ts';
import { KIND, RECORD } from './record.ts';
import { writeMachine } from './state-probe.ts';

/** What is written: a register, or a word that is reached from it through one offset after the other. */
export interface Value {
  readonly from: Register | 'nothing';
  /** Of `nothing`, the first is an address. */
  readonly path: readonly number[];
  /** Of the last. */
  readonly bytes?: 1 | 4 | 8;
}

/** A probe that writes what its function is called with. Every first function that there is of `functions`. */
export interface ValueProbe {
  readonly kind: number;
  readonly functions: readonly string[];
  readonly first?: Value | undefined;
  readonly second?: Value | undefined;
  /** Instead of the id of the goroutine. */
  readonly third?: Value;
  readonly fourth?: Value | undefined;
  /** Nothing is written if these two fields of a register are the same. */
  readonly unlessEqual?: { readonly from: Register; readonly fields: readonly [number, number] };
}

const argument = (from: Register): Value => ({ from, path: [] });
const field = (from: Register, offset: number, bytes: 1 | 4 | 8 = 8): Value => ({
  from,
  path: [offset],
  bytes,
});

/** The probes beside those of states, each on a function with up to five arguments (RAX, RBX, RCX, RDI, RSI). */
export function valueProbes({ g, p, coroutine, heap }: SchedulerFacts): readonly ValueProbe[] {
  const live: Value | undefined = heap && { from: 'nothing', path: [heap.live] };
  const goal: Value | undefined = heap && { from: 'nothing', path: [heap.goal] };
  const probes: ValueProbe[] = [
    {
      kind: KIND.acquire,
      functions: ['runtime.acquirepNoTrace', 'runtime.acquirep'],
      first: argument(RAX),
      fourth: field(RAX, p.id, 4),
    },
    { kind: KIND.release, functions: ['runtime.releasepNoTrace', 'runtime.releasep'] },
    {
      kind: KIND.steal,
      functions: ['runtime.runqsteal'],
      first: field(RBX, p.id, 4),
      unlessEqual: { from: RBX, fields: [p.queueHead, p.queueTail] },
    },
    {
      kind: KIND.copyStack,
      functions: ['runtime.copystack'],
      first: argument(RAX),
      second: field(RAX, g.stackHigh),
      third: field(RAX, g.stackLow),
      fourth: argument(RBX),
    },
    { kind: KIND.gcBegin, functions: ['runtime.gcBgMarkStartWorkers'], second: live },
    { kind: KIND.gcEnd, functions: ['runtime.gcSweep'], second: live },
    {
      kind: KIND.stopWorld,
      functions: ['runtime.stopTheWorldWithSema'],
      first: argument(RAX),
      second: live,
    },
    { kind: KIND.startWorld, functions: ['runtime.startTheWorldWithSema'], second: live, fourth: goal },
    { kind: KIND.processors, functions: ['runtime.procresize'], first: argument(RAX) },
    { kind: KIND.semaphore, functions: ['runtime.semacquire1'], first: argument(RAX) },
  ];
  if (coroutine !== undefined && g.coroutine !== undefined && g.coroutineExit !== undefined) {
    probes.push({
      kind: KIND.coroutine,
      functions: ['runtime.coroswitch_m'],
      first: argument(RAX),
      second: { from: RAX, path: [g.coroutine, coroutine.g] },
      fourth: field(RAX, g.coroutineExit, 1),
    });
  }
  return probes;
}

/** Uses RDX, R9 to R13 and R15: what no argument is in. */
export function writeValueProbe(out: TrampolineCode, probe: ValueProbe, facts: SchedulerFacts): void {
  const { code } = out;
  if (probe.unlessEqual !== undefined) {
    const { from, fields } = probe.unlessEqual;
    code.load32(R9, beside(from, fields[0]));
    code.load32(RDX, beside(from, fields[1]));
    code.calculate32('compare', R9, RDX);
    code.branch('equal', out.out);
  }
  code.moveNumber(R13, slotBytes(0));
  out.reserve();
  out.stamp();
  code.moveNumber(RDX, probe.kind);
  code.store(beside(R12, SLOT.kind), RDX);
  writeMachine(out, facts, probe.third === undefined);
  writeValue(out, RECORD.subject, probe.first);
  writeValue(out, RECORD.id, probe.second);
  if (probe.third !== undefined) writeValue(out, RECORD.actor, probe.third);
  writeValue(out, RECORD.extra, probe.fourth);
  out.commit();
}

function writeValue({ code }: TrampolineCode, at: number, value: Value | undefined): void {
  if (value === undefined) {
    code.storeNumber(beside(R12, at), 0);
    return;
  }
  const { from, path, bytes = 8 } = value;
  let base = from === 'nothing' ? RDX : from;
  for (const [i, offset] of path.entries()) {
    const place = from === 'nothing' && i === 0 ? { at: offset } : beside(base, offset);
    if (i < path.length - 1 || bytes === 8) code.load(RDX, place);
    else if (bytes === 4) code.load32(RDX, place);
    else code.load8(RDX, place);
    base = RDX;
  }
  code.store(beside(R12, at), base);
}
