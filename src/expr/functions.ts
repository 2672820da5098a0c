import { type RuntimeAddress, runtimeAddress } from '../base/index.ts';
import type { Program } from '../golang/index.ts';
import { FUNCTION } from './synthetic-types.ts';
import type { Value } from './value.ts';

/** The first of these functions that the program has. */
export function functionNamed(program: Program, names: readonly string[]): Value | undefined {
  for (const name of names) {
    const entry = entryOf(program, name);
    if (entry !== undefined) return { type: FUNCTION, storage: { kind: 'function', name, entry } };
  }
  return undefined;
}

const entries = new WeakMap<Program, Map<string, RuntimeAddress | undefined>>();

function entryOf(program: Program, name: string): RuntimeAddress | undefined {
  let known = entries.get(program);
  if (known === undefined) {
    known = new Map();
    entries.set(program, known);
  }
  if (!known.has(name)) known.set(name, findEntry(program, name));
  return known.get(name);
}

function findEntry(program: Program, name: string): RuntimeAddress | undefined {
  for (const module of program.target.modules.all) {
    const functions = module.image?.functions;
    const index = functions?.byName(name)[0];
    if (functions !== undefined && index !== undefined) {
      return runtimeAddress(module.toRuntime(functions.entry(index)));
    }
  }
  return undefined;
}
