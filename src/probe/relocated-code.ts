import type { Assembler, Label } from './assembler.ts';
import { beside, type IndexedMemory, type Register } from './operands.ts';
import type { PatchSite, Step } from './patch-site.ts';

export const RETURN = Uint8Array.of(0xc3);
/** Bytes that no program has: those where a nil pointer and what is beside it point to (runtime/panic.go, panicmem). */
const FIRST_PAGE = 4096;

/** The program is about to access the first page. */
export interface NilFault {
  /** Where it would be in its own text. */
  readonly pc: number;
  readonly memory: IndexedMemory;
  /** Nobody's, beside the flags. */
  readonly scratch: Register;
  /** There the access is done nevertheless. */
  readonly execute: Label;
}

/** Goes to where the program's runtime deals with it. */
export type FaultWriter = (code: Assembler, fault: NilFault) => void;

export interface StepWriter {
  /** Of windows with guarded steps. */
  readonly writeFault: FaultWriter | undefined;
  /** Writes what is done before the function returns. */
  atEnd(): void;
  /** Write code that is rarely gone through, when everything else is written. */
  readonly slowPaths: (() => void)[];
}

/** The window's instructions as they do the same elsewhere, and what goes on behind them. Gives where each of them is. */
export function writeSteps(
  code: Assembler,
  site: PatchSite,
  steps: readonly Step[],
  writer: StepWriter,
): ReadonlyMap<number, number> {
  const places = new Map<number, number>();
  const labels = new Map(steps.map(({ at }) => [site.address + at, code.label()]));
  const end = code.label();
  for (const step of steps) if (step.kind === 'guarded') writeTouch(code, step);
  for (const step of steps) {
    const pc = site.address + step.at;
    places.set(step.at, code.here);
    code.bind(labels.get(pc)!);
    switch (step.kind) {
      case 'branch':
        code.branchOn(step.condition, labels.get(step.target) ?? step.target);
        break;
      case 'jump':
        code.jumpTo(labels.get(step.target) ?? step.target);
        break;
      case 'return':
        if (step !== steps.at(-1)) code.jump(end);
        break;
      case 'guarded':
        writeGuard(code, pc, step, writer);
        code.raw(movedStep(site, step, code.here));
        break;
      case 'plain':
        code.raw(movedStep(site, step, code.here));
    }
  }
  if (steps.some(({ kind }) => kind === 'return')) {
    code.bind(end);
    writer.atEnd();
    code.raw(RETURN);
  } else if (steps.at(-1)?.kind !== 'jump') code.jumpTo(site.address + site.original.length);
  return places;
}

type Guarded = Step & { readonly kind: 'guarded' };

/** Nothing is where a nil pointer points to: what is about to look there does not come to it. */
function writeGuard(
  code: Assembler,
  pc: number,
  { memory, scratch }: Guarded,
  { writeFault, slowPaths }: StepWriter,
): void {
  if (writeFault === undefined) throw new Error(`nobody sees to a fault at ${pc.toString(16)}`);
  const nil = code.label();
  const execute = code.label();
  writeIsNil(code, memory, scratch, nil);
  code.bind(execute);
  slowPaths.push(() => {
    code.bind(nil);
    writeFault(code, { pc, memory, scratch, execute });
  });
}

/** Faults where RSP points to the return address. */
function writeTouch(code: Assembler, { memory, scratch, touched }: Guarded): void {
  if (touched === undefined) return;
  const nil = code.label();
  writeIsNil(code, memory, scratch, nil);
  if (touched === 'read') code.testMemory8(beside(scratch));
  else code.orNothing8(beside(scratch));
  code.bind(nil);
}

function writeIsNil(code: Assembler, memory: IndexedMemory, scratch: Register, nil: Label): void {
  code.addressOf(scratch, memory);
  code.calculate('compare', scratch, { number: FIRST_PAGE });
  code.branch('below', nil);
}

function movedStep(site: PatchSite, step: Step, elsewhere: number): Uint8Array {
  const { address, original } = site;
  const bytes = original.slice(step.at, step.at + step.length);
  if (step.kind !== 'plain' || step.distanceAt === undefined) return bytes;
  const view = new DataView(bytes.buffer);
  view.setInt32(step.distanceAt, view.getInt32(step.distanceAt, true) + address + step.at - elsewhere, true);
  return bytes;
}
