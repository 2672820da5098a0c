import { runtimeAddress } from '../../base/index.ts';
import type { SchedulerFacts } from '../../golang/index.ts';
import type { Image } from '../../image/index.ts';
import type { Module } from '../../target/index.ts';
import type { TraceBuilder } from '../trace-builder.ts';
import type { StackPool } from './stack-pool.ts';

/** Names what the probes saw as addresses, each once. */
export class Symbols {
  readonly #facts: Pick<SchedulerFacts, 'image' | 'module'>;
  readonly #builder: TraceBuilder;
  readonly #pool: StackPool;
  /** Frame ids by return address, innermost inlined call first. */
  readonly #frames = new Map<number, readonly number[]>();
  readonly #names = new Map<number, readonly string[]>();
  readonly #stacks: number[] = [];

  constructor(facts: Pick<SchedulerFacts, 'image' | 'module'>, builder: TraceBuilder, pool: StackPool) {
    this.#facts = facts;
    this.#builder = builder;
    this.#pool = pool;
  }

  /** The trace's stack for one of the pool. */
  stack(raw: number): number {
    if (raw === 0) return 0;
    this.#stacks[raw] ??= this.stackOf(this.#pool.addresses(raw));
    return this.#stacks[raw];
  }

  /** Return addresses, leaf first. */
  stackOf(addresses: ArrayLike<number>): number {
    const frames: number[] = [];
    for (let i = 0; i < addresses.length; i++) frames.push(...this.#framesAt(addresses[i]!));
    return this.#builder.stack(frames);
  }

  /** Names of the functions of a stack of the pool, leaf first, inlined ones too. */
  *functions(raw: number): Generator<string> {
    if (raw === 0) return;
    for (const address of this.#pool.addresses(raw)) {
      this.#framesAt(address);
      yield* this.#names.get(address)!;
    }
  }

  /** A stack of the one function that begins at an address. */
  entry(address: number): number {
    return address === 0 ? 0 : this.#builder.stack(this.#framesAt(address + 1));
  }

  #framesAt(address: number): readonly number[] {
    let frames = this.#frames.get(address);
    if (frames === undefined) {
      const found = codeLocations(this.#facts, address);
      this.#names.set(
        address,
        found.map(({ name }) => name),
      );
      const { string } = { string: (text: string) => this.#builder.string(text) };
      frames = found.map(({ name, file, line }) =>
        this.#builder.frame(address, string(name), string(file), line),
      );
      this.#frames.set(address, frames);
    }
    return frames;
  }
}

/** The functions that a return address is in, innermost inlined call first; none: no function is there. */
export function codeLocations(
  { image, module }: { readonly image: Image | undefined; readonly module: Module },
  address: number,
): { readonly name: string; readonly file: string; readonly line: number }[] {
  const functions = image?.functions;
  const pc = module.toLinked(runtimeAddress(address - 1));
  const index = functions?.find(pc) ?? -1;
  if (functions === undefined || index < 0) return [];
  const name = functions.name(index);
  const inlining = functions.inlining(pc);
  const outer = inlining?.outer ?? functions.position(pc) ?? { file: '', line: 0 };
  const inlined = (inlining?.inlined ?? []).map((call) => ({ name: call.name, ...call.position }));
  return [...inlined, { name, ...outer }];
}
