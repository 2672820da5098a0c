import type { FlagBit, RegisterDescription, RegisterKind } from './arch.ts';

/** One row of a register table. */
export function row(
  kind: RegisterKind,
  bits: number,
  name: string,
  dwarf?: number,
  aliases: readonly string[] = [],
): RegisterDescription {
  return { name, aliases, kind, bits, dwarf };
}

/** Rows `name0` … `name(count-1)`, whose DWARF numbers follow each other. */
export function rows(
  kind: RegisterKind,
  bits: number,
  count: number,
  name: (index: number) => string,
  firstDwarf?: number,
  aliases: (index: number) => readonly string[] = () => [],
): RegisterDescription[] {
  return Array.from({ length: count }, (_, i) =>
    row(kind, bits, name(i), firstDwarf === undefined ? undefined : firstDwarf + i, aliases(i)),
  );
}

/** A view of `bits` bits of `whole`. */
export function part(whole: RegisterDescription, bits: number, name: string, shift = 0): RegisterDescription {
  return { name, aliases: [], kind: whole.kind, bits, dwarf: undefined, part: { of: whole.name, shift } };
}

/**
 * Lookups over a table and the views of its registers. A whole register's name wins over a view's. Made when somebody
 * looks: a session needs those of one CPU at most.
 */
export function registerIndex(
  registers: readonly RegisterDescription[],
  partsOf: (whole: RegisterDescription) => readonly RegisterDescription[],
) {
  let made: RegisterMaps | undefined;
  const maps = (): RegisterMaps => {
    made ??= registerMaps([...registers, ...registers.flatMap((whole) => partsOf(whole))]);
    return made;
  };
  let numbered: ReadonlyMap<number, RegisterDescription> | undefined;
  /** Without the views, which are most of the work and have numbers seldom. */
  const whole = (dwarf: number): RegisterDescription | undefined => {
    numbered ??= byDwarf(registers);
    return numbered.get(dwarf);
  };
  return {
    register: (name: string) => maps().byName.get(name.toLowerCase()),
    registerByDwarf: (dwarf: number) => whole(dwarf) ?? maps().byDwarf.get(dwarf),
  };
}

interface RegisterMaps {
  readonly byName: ReadonlyMap<string, RegisterDescription>;
  readonly byDwarf: ReadonlyMap<number, RegisterDescription>;
}

function registerMaps(all: readonly RegisterDescription[]): RegisterMaps {
  const byName = new Map<string, RegisterDescription>();
  for (const register of all) {
    for (const name of [register.name, ...register.aliases]) {
      if (!byName.has(name)) byName.set(name, register);
    }
  }
  return { byName, byDwarf: byDwarf(all) };
}

function byDwarf(all: readonly RegisterDescription[]): ReadonlyMap<number, RegisterDescription> {
  const numbered = new Map<number, RegisterDescription>();
  for (const register of all) if (register.dwarf !== undefined) numbered.set(register.dwarf, register);
  return numbered;
}

/** `bits` names consecutive bits from `first` on; an empty name skips one. */
export function flagBits(first: number, bits: string): FlagBit[] {
  return bits
    .split(' ')
    .map((name, i) => ({ mask: 1n << BigInt(first + i), name }))
    .filter((flag) => flag.name !== '-');
}

/** The names of the bits that are set, fields as `NAME=value` in hex, and bits that no name covers. */
export function describeFlags(flags: readonly FlagBit[], value: bigint): string[] {
  const names: string[] = [];
  let rest = value;
  for (const { mask, name } of flags) {
    rest &= ~mask;
    if (name === '') continue;
    const lowest = mask & -mask;
    if (lowest !== mask) names.push(`${name}=${((value & mask) / lowest).toString(16)}`);
    else if ((value & mask) !== 0n) names.push(name);
  }
  if (rest !== 0n) names.push(`unknown_flags=${rest.toString(16)}`);
  return names;
}
