import type { Program } from '../golang/index.ts';

/** The declared constants of one type, lowest value first. */
type NamedValues = readonly { readonly name: string; readonly value: bigint }[];

const tables = new WeakMap<Program, Map<string, NamedValues>>();

/**
 * The name of a value that its type declares constants for: the constant, or for sets of single bits those that
 * are set, joined by `|`. undefined if there is none, and for types without a package (every int would be some
 * package's constant).
 */
export function constantName(program: Program, typeName: string, value: bigint): string | undefined {
  if (!typeName.includes('.') || typeName.startsWith('C.')) return undefined;
  const values = namedValues(program, typeName);
  const exact = values.find((named) => named.value === value);
  if (exact !== undefined) return exact.name;
  if (value <= 0n) return undefined;
  const names: string[] = [];
  let rest = value;
  for (const named of values) {
    if (!isSingleBit(named.value) || (rest & named.value) === 0n) continue;
    names.push(named.name);
    rest &= ~named.value;
  }
  return rest === 0n ? names.join('|') : undefined;
}

const isSingleBit = (value: bigint): boolean => value > 0n && (value & (value - 1n)) === 0n;

function namedValues(program: Program, typeName: string): NamedValues {
  let byType = tables.get(program);
  if (byType === undefined) {
    byType = new Map();
    tables.set(program, byType);
  }
  let values = byType.get(typeName);
  if (values === undefined) {
    values = readValues(program, typeName);
    byType.set(typeName, values);
  }
  return values;
}

function readValues(program: Program, typeName: string): NamedValues {
  const packagePrefix = typeName.slice(0, typeName.lastIndexOf('.') + 1);
  const values: { readonly name: string; readonly value: bigint }[] = [];
  for (const module of program.target.modules.all) {
    for (const constant of module.image?.debugInfo?.constantsOfType(typeName) ?? []) {
      const { name, value } = constant;
      values.push({ name: name.startsWith(packagePrefix) ? name.slice(packagePrefix.length) : name, value });
    }
  }
  return values.sort((a, b) => (a.value < b.value ? -1 : a.value > b.value ? 1 : 0));
}
