import { runtimeAddress } from '../../base/index.ts';
import { FakeMemory, type FakeProgramParts, fakeProgram } from '../../golang/values/testing/fake-program.ts';
import type { Type } from '../../image/index.ts';
import { show } from '../show.ts';
import { DEFAULT_LIMITS, type Limits, type ShownValue } from '../value.ts';

/** Where the values of `shown` stand. */
export const AT = 0x1000;

export interface Surroundings extends Omit<FakeProgramParts, 'memory'> {
  /** What else is in memory, by address. */
  readonly rest?: Readonly<Record<number, Uint8Array>>;
  readonly limits?: Partial<Limits>;
  readonly format?: string;
}

/** A value of a type in memory that holds more at other addresses. */
export function shownIn(type: Type, value: Uint8Array, surroundings: Surroundings = {}): ShownValue {
  const { rest = {}, limits = {}, format = '', ...parts } = surroundings;
  const memory = new FakeMemory().add(AT, value);
  for (const [address, contents] of Object.entries(rest)) memory.add(Number(address), contents);
  const storage = { kind: 'memory', address: runtimeAddress(AT) } as const;
  return show(fakeProgram({ ...parts, memory }), { type, storage }, { ...DEFAULT_LIMITS, ...limits }, format);
}
