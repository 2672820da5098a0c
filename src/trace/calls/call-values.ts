import { runtimeAddress, UserError } from '../../base/index.ts';
import {
  evaluateNode,
  type Limits,
  parse,
  renderSingleLine,
  type Scope,
  SHORT_LIMITS,
  type ShownValue,
  show,
  type Value,
} from '../../expr/index.ts';
import { isHidden, UNKNOWN_PLACE } from '../../golang/calls/passed-values.ts';
import { type Location, openProgram, type Program } from '../../golang/index.ts';
import type { Place } from '../../golang/values/place.ts';
import { type FrameVariable, realTypeOfCall } from '../../golang/values/variables.ts';
import type { Memory, Target } from '../../target/index.ts';
import { codeLocations } from '../recording/symbols.ts';
import { type CallLayout, MOST_CONTENTS, type StoredContents, type StoredValue } from './call-layout.ts';
import type { OpenCall } from './call-stacks.ts';
import { CapturedMemory, type Constants } from './captured-memory.ts';
import { Instances } from './instances.ts';

type Called = Pick<OpenCall, 'function' | 'record' | 'dictionary'>;

export interface NamedShown {
  readonly name: string;
  readonly value: ShownValue;
  /** Some of what is shown was read when it was put into words, and may have changed since the call. */
  readonly readLate: boolean;
}

/** The values of a record. Type parameters are still what they are in the code: the dictionary tells of them. */
export interface PassedByRecord {
  readonly program: Program;
  readonly values: { readonly name: string; readonly value: Value }[];
  readonly dictionary: number;
  /** Tells what `show` gives, and whether it has looked at what may have changed since. */
  readonly watch: <T>(show: () => T) => { readonly result: T; readonly readLate: boolean };
}

/** On one line, with whether it was read late. */
export const valueText = ({ value, readLate }: NamedShown): string =>
  `${renderSingleLine(value)}${readLate ? ' (read later)' : ''}`;

/** Strings as far as they were kept, and elements of slices. */
const LIMITS: Limits = { ...SHORT_LIMITS, maxArrayValues: 8 };
/** An error is what it says, which stands behind a pointer. */
const ERROR_LIMITS: Limits = { ...LIMITS, followPointers: true, maxVariableRecurse: 1 };

/**
 * Makes values of records. Arguments and results themselves, and the first bytes of strings and slices, are as they were
 * at the call; what they point to otherwise is read of the program as it is now.
 */
export class CallValues {
  readonly #program: Program;
  readonly #memory: CapturedMemory;
  readonly #instances: Instances;
  readonly #refresh: () => void;
  readonly #places = new Map<number, readonly Location[]>();

  /**
   * To be made while the program lives, be it before its first instruction. `refresh`: what was kept of its memory is old.
   */
  constructor(target: Target, refresh: () => void) {
    this.#memory = new CapturedMemory(target.memory, constants(target));
    this.#program = openProgram(seenThrough(target, this.#memory));
    this.#instances = new Instances(this.#program);
    this.#refresh = refresh;
    // What interfaces hold is told by the binary, once the runtime has been made out: that takes a program that lives.
    void this.#program.runtime;
  }

  /** The values themselves, and the program in which they are looked at; until the next are asked for. */
  passed(layout: CallLayout, record: Uint8Array): PassedByRecord {
    this.#enter(layout, record);
    const values = visible(layout).map((value) => ({
      name: value.name,
      value: storedValue(value, record),
    }));
    return {
      program: this.#program,
      values,
      dictionary: dictionaryIn(layout, record),
      watch: (show) => this.#memory.watch(show),
    };
  }

  /** The function that was called, with its type arguments as far as they are known. */
  name({ function: { name }, dictionary }: Pick<Called, 'function' | 'dictionary'>): string {
    return this.#instances.nameOf(name, dictionary);
  }

  /** What it was called with, as text and data. */
  arguments({ function: { layouts }, record, dictionary }: Called): NamedShown[] {
    return this.#shown(layouts.entry, record, dictionary);
  }

  /** What it returned, by the record of that. */
  results(
    { function: { layouts }, dictionary }: Pick<Called, 'function' | 'dictionary'>,
    returned: Uint8Array,
  ): NamedShown[] {
    return this.#shown(layouts.exit, returned, dictionary);
  }

  #shown(layout: CallLayout, record: Uint8Array, dictionary: number): NamedShown[] {
    this.#enter(layout, record);
    return visible(layout).map((value) => {
      const { result, readLate } = this.#memory.watch(() =>
        show(this.#program, this.#value(value, record, dictionary), limitsOf(value)),
      );
      return { name: value.name, value: result, readLate };
    });
  }

  /** Return addresses of the record, the caller's first, as places; inlined calls are places of their own. */
  stack(layout: CallLayout, record: Uint8Array): Location[] {
    return this.addresses(layout, record).flatMap((address) => this.#locations(address));
  }

  /** Return addresses of the record, the caller's first. */
  addresses({ frames, framesAt }: CallLayout, record: Uint8Array): number[] {
    const view = new DataView(record.buffer, record.byteOffset, record.length);
    const found: number[] = [];
    for (let at = framesAt; at < framesAt + frames * 8; at += 8) {
      const address = view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
      if (address === 0) break;
      found.push(address);
    }
    return found;
  }

  #locations(address: number): readonly Location[] {
    let found = this.#places.get(address);
    if (found === undefined) {
      const pc = runtimeAddress(address);
      const module = this.#program.target.modules.at(pc);
      found = (module && codeLocations({ image: module.image, module }, address))?.map(
        ({ name, file, line }) => ({
          pc,
          function: name,
          position: { file, line },
        }),
      ) ?? [{ pc, function: undefined, position: undefined }];
      this.#places.set(address, found);
    }
    return found;
  }

  #value(value: StoredValue, record: Uint8Array, dictionary: number): Value {
    const { storage } = storedValue(value, record);
    if (value.type.dictionaryIndex === undefined) return { type: value.type, storage };
    return { type: realTypeOfCall(this.#program, value.type, dictionary), storage };
  }

  /** Where the names of arguments mean those of a record. */
  scope(layout: CallLayout, record: Uint8Array, dictionary = 0): Scope {
    this.#enter(layout, record);
    const variables = visible(layout).map((value): FrameVariable => {
      const { type, storage } = this.#value(value, record, dictionary);
      const place = storage as Place;
      return {
        name: value.name,
        type,
        place,
        role: 'parameter',
        escaped: false,
        shadowed: false,
        declaredLine: 0,
      };
    });
    return { program: this.#program, goroutine: undefined, thread: undefined, frame: undefined, variables };
  }

  #enter(layout: CallLayout, record: Uint8Array): void {
    this.#refresh();
    const view = new DataView(record.buffer, record.byteOffset, record.length);
    this.#memory.captured = layout.contents.map((contents) => capturedIn(contents, view));
  }
}

/** Whether a call is to be told of, by what it was called with. */
export class CallCondition {
  readonly #text: string;
  readonly #node: ReturnType<typeof parse>;

  /** Throws a UserError with the column if it is no expression. */
  constructor(text: string) {
    this.#text = text;
    this.#node = parse(text);
  }

  /** Throws a UserError that says why it cannot be told: a name that is no argument, no bool. */
  holds(scope: Scope): boolean {
    const value = evaluateNode(scope, this.#node, this.#text);
    const shown = show(scope.program, value);
    if (shown.kind === 'bool' && (shown.value === 'true' || shown.value === 'false'))
      return shown.value === 'true';
    throw new UserError(
      `${this.#text} is ${shown.unreadable ?? shown.text}, which is neither true nor false`,
    );
  }
}

/** As `OpenCall` has it. */
function dictionaryIn({ dictionaryAt }: CallLayout, record: Uint8Array): number {
  if (dictionaryAt === 0) return 0;
  const view = new DataView(record.buffer, record.byteOffset, record.length);
  return view.getUint32(dictionaryAt, true) + view.getUint32(dictionaryAt + 4, true) * 2 ** 32;
}

const limitsOf = ({ type }: StoredValue): Limits => (type.name === 'error' ? ERROR_LIMITS : LIMITS);

/** Dictionaries of generic functions are no arguments of the user's. */
const visible = ({ values }: CallLayout): StoredValue[] => values.filter(({ name }) => !isHidden(name));

function storedValue({ type, pieces, kept }: StoredValue, record: Uint8Array): Value {
  if (pieces.length === 0 && type.size > 0) return { type, storage: { kind: 'none', reason: UNKNOWN_PLACE } };
  const bytes = new Uint8Array(type.size);
  for (const { at, offset, size } of pieces) bytes.set(record.subarray(at, at + size), offset);
  const missing = kept < type.size ? [{ from: kept, to: type.size }] : [];
  return { type, storage: { kind: 'bytes', bytes, missing } };
}

function capturedIn(
  { at, pointerAt, lengthAt, shift }: StoredContents,
  view: DataView,
): { readonly address: number; readonly bytes: Uint8Array } {
  const address = view.getUint32(pointerAt, true) + view.getUint32(pointerAt + 4, true) * 2 ** 32;
  const count = view.getUint32(lengthAt, true) + view.getUint32(lengthAt + 4, true) * 2 ** 32;
  const length = address === 0 ? 0 : Math.min(count * 2 ** shift, MOST_CONTENTS);
  // The first word that was copied is the one in which it begins.
  const start = at + (address % 8);
  return { address, bytes: new Uint8Array(view.buffer, view.byteOffset + start, length) };
}

/** The same program, its memory seen through another. */
function seenThrough(target: Target, memory: Memory): Target {
  return {
    kind: target.kind,
    arch: target.arch,
    memory,
    threads: [],
    get modules() {
      return target.modules;
    },
    get process() {
      return target.process;
    },
    warnings: [],
  };
}

/** Its pages are made read-only when the program has been loaded (RELRO): types and itabs of position-independent programs. */
const FIXED_SECTION = /^\.data\.rel\.ro/;

/** The program's read-only segments, of its file. */
function constants(target: Target): Constants {
  const { executable } = target.modules;
  const image = executable?.image;
  if (executable === undefined || image === undefined)
    return { bytes: () => undefined, isFixed: () => false };
  const segments = image.segments.filter(({ writable }) => !writable);
  const sections = image.sections.filter(({ name }) => FIXED_SECTION.test(name));
  return {
    bytes(address, length) {
      const linked = executable.toLinked(runtimeAddress(address));
      const segment = segments.find(
        (each) => linked >= each.address && linked + length <= each.address + each.fileSize,
      );
      return segment && image.bytesAt(linked, length);
    },
    isFixed(address) {
      const linked = executable.toLinked(runtimeAddress(address));
      return sections.some((each) => linked >= each.address && linked < each.address + each.size);
    },
  };
}
