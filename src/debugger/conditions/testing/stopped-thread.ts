import { type RuntimeAddress, runtimeAddress, threadId } from '../../../base/index.ts';
import type { Frame, Program } from '../../../golang/index.ts';
import { openProgram } from '../../../golang/index.ts';
import type { RegisterFile, Target, Thread } from '../../../target/index.ts';

/** A thread that stands where a frame of a core is, with the registers that are known there. */
export function threadAt(program: Program, frame: Frame, pc: RuntimeAddress = frame.pc): Thread {
  const { dwarf, name } = program.target.arch;
  const values = [...frame.registers];
  values[dwarf.pc] = pc;
  const above = spDelta(frame, pc);
  if (frame.cfa !== 0 && above !== undefined) {
    values[dwarf.sp] = frame.cfa - above - (name === 'amd64' ? 8 : 0);
  }
  return {
    id: threadId(4711),
    registers: registersOf(program, values),
    currentSignal: 0,
    threadPointer: runtimeAddress(0),
  };
}

function spDelta({ module }: Frame, pc: RuntimeAddress): number | undefined {
  return module?.image?.functions?.spDelta(module.toLinked(pc));
}

/** The number of a register that is not known is made up: places in registers are to be looked at too. */
function registersOf({ target: { arch } }: Program, values: readonly (number | undefined)[]): RegisterFile {
  const get = (dwarf: number): number | undefined =>
    dwarf < arch.dwarf.count ? (values[dwarf] ?? 0x1000 + dwarf * 0x10101) : undefined;
  return {
    get,
    bytes(name) {
      const description = arch.register(name);
      if (description === undefined) return undefined;
      const bytes = new Uint8Array(Math.max(description.bits / 8, 8));
      const value =
        description.dwarf === undefined ? 7 : (get(description.dwarf) ?? 42.5 + description.dwarf);
      const view = new DataView(bytes.buffer);
      if (description.kind === 'vector') view.setFloat64(0, value, true);
      else view.setBigUint64(0, BigInt(Math.trunc(value)), true);
      return bytes.subarray(0, description.bits / 8);
    },
  };
}

/** The program of a core with one thread more. */
export function programWith(program: Program, thread: Thread): Program {
  const { target } = program;
  const changed: Target = { ...target, threads: [...target.threads, thread] };
  return openProgram(changed);
}
