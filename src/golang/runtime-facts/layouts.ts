import { UserError } from '../../base/index.ts';
import type { DebugInfo, Type } from '../../image/index.ts';
import type { Layout, StructFacts } from './form.ts';

/** Where offsets come from: the binary's DWARF, or the table of layouts that are known by version. */
export interface LayoutSource {
  readonly kind: 'dwarf' | 'table';
  /** Size and offsets of a struct, by the keys of its facts; undefined: the struct itself is not known here. */
  measure(struct: StructFacts): MeasuredStruct | undefined;
  /** Text of a wait reason, where it is known without reading the runtime's own array. */
  waitReason?(reason: number): string | undefined;
}

export interface MeasuredStruct {
  readonly size: number;
  readonly offsets: Readonly<Record<string, number | undefined>>;
}

/** Offsets of runtime structs in one binary, each resolved once. */
export class Layouts {
  readonly #source: LayoutSource;
  readonly #version: string;
  readonly #known = new Map<StructFacts, Layout<StructFacts> | undefined>();

  constructor(source: LayoutSource, version: string) {
    this.#source = source;
    this.#version = version;
  }

  get kind(): 'dwarf' | 'table' {
    return this.#source.kind;
  }

  waitReason(reason: number): string | undefined {
    return this.#source.waitReason?.(reason);
  }

  /** Throws a UserError where the runtime is not as we know it. */
  of<S extends StructFacts>(struct: S): Layout<S> {
    const layout = this.tryOf(struct);
    if (layout === undefined) {
      throw new UserError(
        `the layout of ${struct.names[0]} of ${this.#version} is not known${
          this.#source.kind === 'table' ? ': the binary is stripped (-s -w)' : ''
        }`,
        this.#source.kind === 'table' ? 'open the binary before it was stripped' : undefined,
      );
    }
    return layout;
  }

  /** undefined where the struct, or a field that every Go has, is missing: for what can be left out. */
  tryOf<S extends StructFacts>(struct: S): Layout<S> | undefined {
    if (!this.#known.has(struct)) this.#known.set(struct, this.#measured(struct));
    // Every field that the type says is a number has been found to be one.
    return this.#known.get(struct) as Layout<S> | undefined;
  }

  #measured(struct: StructFacts): Layout<StructFacts> | undefined {
    const measured = this.#source.measure(struct);
    if (measured === undefined) return undefined;
    for (const [key, facts] of Object.entries(struct.fields)) {
      if (!facts.optional && measured.offsets[key] === undefined) return undefined;
    }
    return { ...measured.offsets, size: measured.size };
  }
}

export function dwarfLayouts(debugInfo: DebugInfo): LayoutSource {
  return {
    kind: 'dwarf',
    measure(struct) {
      for (const name of struct.names) {
        const type = debugInfo.typeNamed(name);
        if (type === undefined) continue;
        const offsets: Record<string, number | undefined> = {};
        for (const [key, facts] of Object.entries(struct.fields)) {
          offsets[key] = firstOffset(type, facts.paths);
        }
        return { size: type.size, offsets };
      }
      return undefined;
    },
  };
}

function firstOffset(type: Type, paths: readonly string[]): number | undefined {
  for (const path of paths) {
    const offset = offsetOf(type, path.split('.'));
    if (offset !== undefined) return offset;
  }
  return undefined;
}

function offsetOf(type: Type, path: readonly string[]): number | undefined {
  let offset = 0;
  let current: Type = type;
  for (const step of path) {
    while (current.kind === 'alias') current = current.underlying;
    if (current.kind !== 'struct') return undefined;
    const found = current.fields.find((field) => field.name === step);
    if (found === undefined) return undefined;
    offset += found.offset;
    current = found.type;
  }
  return offset;
}
