import type { RegisterDescription } from '../../arch/index.ts';
import type { ThreadId } from '../../base/index.ts';
import type { Frame } from '../frame.ts';
import type { Program } from '../program.ts';

/**
 * A register's bytes in a frame, lowest first; undefined where a callee may have overwritten it. The frames of
 * the code that a thread is in have all of its registers, callers only those that unwinding finds.
 */
export function registerBytes(
  program: Program,
  frame: Frame,
  thread: ThreadId | undefined,
  register: RegisterDescription,
): Uint8Array | undefined {
  const { arch } = program.target;
  if (register.part !== undefined) {
    const whole = arch.register(register.part.of);
    if (whole === undefined || whole.part !== undefined) return undefined;
    const bytes = registerBytes(program, frame, thread, whole);
    const from = register.part.shift / 8;
    return bytes?.slice(from, from + register.bits / 8);
  }
  const exact = threadRegisters(program, frame, thread)?.bytes(register.name);
  if (exact !== undefined) return exact.slice();
  const value = register.dwarf === undefined ? undefined : frame.registers[register.dwarf];
  return value === undefined || register.bits > 64 ? undefined : wordBytes(value, register.bits / 8);
}

/** The thread's own registers, if this frame is of the code that it is in. */
function threadRegisters(program: Program, frame: Frame, id: ThreadId | undefined) {
  const thread = program.target.threads.find((candidate) => candidate.id === id);
  const { pc, sp } = program.target.arch.dwarf;
  const same = (register: number): boolean => thread?.registers.get(register) === frame.registers[register];
  return thread !== undefined && same(sp) && same(pc) ? thread.registers : undefined;
}

function wordBytes(value: number, size: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(value), true);
  return new Uint8Array(view.buffer, 0, size);
}
