import { type LinkedAddress, type RuntimeAddress, runtimeAddress } from '../../base/index.ts';
import type { Value } from '../../expr/index.ts';
import { isHidden, type PassedValue, passedValues, UNKNOWN_PLACE } from '../../golang/calls/passed-values.ts';
import { goMinor } from '../../golang/go-version.ts';
import type { Program } from '../../golang/index.ts';
import { bodyStart } from '../../image/index.ts';
import type { LiveThread, Memory, Module } from '../../target/index.ts';

/** A value of a call, read. */
export interface CallValue {
  readonly name: string;
  readonly value: Value;
}

/** How the calls of one function are seen: where its values are as it begins and as it returns. */
export class CallPlan {
  /** Behind the check of the stack, which starts the function over when it has grown. */
  readonly entry: RuntimeAddress;
  readonly returns: readonly RuntimeAddress[];
  readonly function: string;
  /** Whether anything says what it takes and gives. */
  readonly described: boolean;
  readonly #parameters: readonly PassedValue[];
  /** Of a generic function: it tells what types it is called with. */
  readonly #dictionary: PassedValue | undefined;
  readonly #results: readonly PassedValue[];
  readonly #entryToFrame: number;

  private constructor(facts: {
    readonly function: string;
    readonly described: boolean;
    readonly entry: RuntimeAddress;
    readonly returns: readonly RuntimeAddress[];
    readonly parameters: readonly PassedValue[];
    readonly results: readonly PassedValue[];
    readonly entryToFrame: number;
  }) {
    this.function = facts.function;
    this.described = facts.described;
    this.entry = facts.entry;
    this.returns = facts.returns;
    this.#parameters = facts.parameters.filter(({ name }) => !isHidden(name));
    this.#dictionary = facts.parameters.find(({ name }) => isHidden(name));
    this.#results = facts.results;
    this.#entryToFrame = facts.entryToFrame;
  }

  /** Undefined: there is no Go function at this address. */
  static of(
    program: Program,
    address: RuntimeAddress,
    returns: readonly RuntimeAddress[],
  ): CallPlan | undefined {
    const { target } = program;
    const module = target.modules.at(address);
    const functions = module?.image?.functions;
    if (module === undefined || functions === undefined) return undefined;
    const index = functions.find(module.toLinked(address));
    if (index < 0) return undefined;
    const entry = behindCheck(module, functions.entry(index));
    const delta = functions.spDelta(module.toLinked(entry)) ?? 0;
    return new CallPlan({
      function: functions.name(index),
      entry,
      returns,
      ...valuesOf(program, module, functions.entry(index), functions.traits(index).assembly),
      entryToFrame: delta + (target.arch.dwarf.lr === undefined ? target.arch.pointerSize : 0),
    });
  }

  /** Canonical frame address of a thread that stands at `entry`; it is the same at its return. */
  frameAtEntry(thread: LiveThread, sp: number): number {
    return thread.registers.get(sp)! + this.#entryToFrame;
  }

  argumentsOf(thread: LiveThread, memory: Memory, frame: number): CallValue[] {
    return this.#parameters.map((slot) => read(slot, thread, memory, frame));
  }

  /** Of a thread that stands at `entry`; 0: there is none, or it is not known. */
  dictionaryAt(thread: LiveThread, memory: Memory, frame: number): number {
    if (this.#dictionary === undefined) return 0;
    const { storage } = read(this.#dictionary, thread, memory, frame).value;
    if (storage.kind !== 'bytes') return 0;
    const { bytes } = storage;
    return Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  }

  resultsOf(thread: LiveThread, memory: Memory, frame: number): CallValue[] {
    return this.#results.map((slot) => read(slot, thread, memory, frame));
  }
}

/** Go's compiler puts the check first: the prologue ends behind it. */
function behindCheck(module: Module, entry: LinkedAddress): RuntimeAddress {
  return module.toRuntime(module.image === undefined ? entry : bodyStart(module.image, entry));
}

function valuesOf(
  { target }: Program,
  module: Module,
  entry: LinkedAddress,
  assembly: boolean,
): {
  readonly described: boolean;
  readonly parameters: readonly PassedValue[];
  readonly results: readonly PassedValue[];
} {
  const info = module.image?.debugInfo?.functionAt(entry);
  // Of an unknown version: the newest.
  const minor = goMinor(module.image?.buildInfo?.goVersion ?? '') ?? Infinity;
  const { parameters, results } = passedValues(target.arch, { info, entry, minor, assembly });
  return {
    // Of what is written in assembly DWARF has the name and the code.
    described: info !== undefined && !assembly,
    parameters,
    results,
  };
}

/** The bytes are copied: the thread goes on before they are shown. */
function read(
  { name, type, place }: PassedValue,
  thread: LiveThread,
  memory: Memory,
  frame: number,
): CallValue {
  if (place === undefined) return { name, value: { type, storage: { kind: 'none', reason: UNKNOWN_PLACE } } };
  if (place.kind === 'stack') {
    const address = runtimeAddress(frame + place.offset);
    const bytes = memory.tryRead(address, type.size)?.slice();
    const storage =
      bytes === undefined
        ? ({ kind: 'none', reason: 'its memory cannot be read' } as const)
        : ({ kind: 'bytes', bytes } as const);
    return { name, value: { type, storage } };
  }
  const bytes = new Uint8Array(type.size);
  for (const { register, offset, size } of place.pieces) {
    const from = thread.registers.bytes(register);
    if (from === undefined) {
      return {
        name,
        value: { type, storage: { kind: 'none', reason: `register ${register} cannot be read` } },
      };
    }
    bytes.set(from.subarray(0, size), offset);
  }
  return { name, value: { type, storage: { kind: 'bytes', bytes } } };
}
