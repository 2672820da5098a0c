import { type RuntimeAddress, runtimeAddress, UserError } from '../../base/index.ts';
import type { Destination } from '../../expr/index.ts';
import type { Frame } from '../../golang/index.ts';
import type { LiveTarget, LiveThread } from '../../target/index.ts';

/** The frame whose variables are written, and the thread whose registers it may be in. */
export interface WriteScope {
  readonly frame: Frame | undefined;
  readonly thread: LiveThread | undefined;
}

/** Writes a variable or register of a stopped program. Throws before anything is written if it cannot be. */
export function writeValue(
  target: LiveTarget,
  scope: WriteScope,
  destination: Destination,
  bytes: Uint8Array,
): void {
  switch (destination.kind) {
    case 'memory':
      target.memory.write(destination.address, bytes);
      return;
    case 'register':
      writeRegister(target, ownThread(target, scope, destination.name), destination.name, bytes, 0);
      return;
    case 'pieces': {
      const writes = destination.homes.map(({ from, to, at, shift }) => {
        const part = bytes.subarray(from, to);
        if (at.kind === 'memory') return () => target.memory.write(addressPlus(at.address, shift), part);
        const thread = ownThread(target, scope, at.name);
        return () => writeRegister(target, thread, at.name, part, shift);
      });
      for (const write of writes) write();
    }
  }
}

const addressPlus = (address: RuntimeAddress, offset: number): RuntimeAddress =>
  runtimeAddress(address + offset);

/** Go saves no registers in calls: those of a frame that has called are another's now. */
function ownThread(target: LiveTarget, { frame, thread }: WriteScope, register: string): LiveThread {
  const { pc, sp } = target.arch.dwarf;
  const same = (number: number): boolean => thread?.registers.get(number) === frame?.registers[number];
  if (thread !== undefined && frame !== undefined && same(pc) && same(sp)) return thread;
  throw new UserError(
    `register ${register} belongs to the code that the thread is in, which is not this frame`,
    'select frame 0 of a goroutine that is on a thread, or stop where the variable is in memory',
  );
}

/** The rest of the register stays. */
function writeRegister(
  { arch }: LiveTarget,
  thread: LiveThread,
  name: string,
  bytes: Uint8Array,
  shift: number,
): void {
  const part = arch.register(name)?.part;
  const whole = part?.of ?? name;
  const current = thread.registers.bytes(whole)?.slice();
  if (current === undefined) throw new UserError(`register ${name} cannot be read, so not set`);
  current.set(bytes, shift + (part?.shift ?? 0) / 8);
  thread.setRegister(whole, current);
}
