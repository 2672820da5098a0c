import { DataError } from '../../base/index.ts';
import { Varints } from './varints.ts';
import { MAX_BATCH_BYTES, WIRE } from './wire.ts';

/** One batch's place in the file; its data are [start, end). */
export interface Batch {
  readonly thread: number;
  readonly time: number;
  readonly start: number;
  readonly end: number;
}

/** The batches of one generation, by what they hold. */
export interface Generation {
  readonly number: number;
  /** By thread, in the order of the file. */
  readonly events: ReadonlyMap<number, readonly Batch[]>;
  readonly strings: readonly Batch[];
  readonly stacks: readonly Batch[];
  readonly samples: readonly Batch[];
  readonly clock: Batch | undefined;
  /** The first ticks that any batch names. */
  readonly minTime: number;
  /** Why it is not whole: "the file ends"; undefined if nothing speaks against it. */
  readonly cut: string | undefined;
}

/** Since this version the end of a generation is written: before, only the next one's beginning tells. */
export const MARKED_ENDS = 26;

/** Splits what follows the header. A file that ends early, or is damaged, yields what is there and says so in `cut`. */
export function* generationsOf(bytes: Uint8Array, file: string, version: number): Generator<Generation> {
  const input = new Varints(bytes, file, HEADER_BYTES);
  let open: OpenGeneration | undefined;
  for (;;) {
    if (input.atEnd) {
      const cut = version >= MARKED_ENDS ? 'the file ends' : undefined;
      if (open !== undefined) yield open.close(cut);
      return;
    }
    let head: Head;
    try {
      head = readHead(input);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      yield (open ?? new OpenGeneration(0)).close(error.message.slice(error.message.indexOf(': ') + 2));
      return;
    }
    if (head.kind === 'end') {
      if (open !== undefined) yield open.close(undefined);
      open = undefined;
      continue;
    }
    if (open !== undefined && head.generation !== open.number) {
      yield open.close(
        version >= MARKED_ENDS ? `generation ${head.generation} begins before its end` : undefined,
      );
      open = undefined;
    }
    open ??= new OpenGeneration(head.generation);
    open.add(head, bytes);
  }
}

export const HEADER_BYTES = 16;

type Head =
  | { readonly kind: 'end' }
  | { readonly kind: 'batch' | 'experiment'; readonly generation: number; readonly batch: Batch };

/** A batch's header; the cursor ends behind its data. */
function readHead(input: Varints): Head {
  const at = input.position;
  const kind = input.byte();
  if (kind === WIRE.endOfGeneration) return { kind: 'end' };
  if (kind !== WIRE.batch && kind !== WIRE.experimentalBatch)
    throw input.error(`the file is damaged: a batch begins with ${kind}`, at);
  if (kind === WIRE.experimentalBatch) input.byte();
  const generation = input.next();
  const thread = input.signed();
  const time = input.next();
  const size = input.next();
  if (generation === 0) throw input.error('the file is damaged: there is no generation 0', at);
  if (size > MAX_BATCH_BYTES) throw input.error(`the file is damaged: a batch of ${size} bytes`, at);
  if (size > input.end - input.position) throw input.error('the file ends within a batch', at);
  const start = input.position;
  input.position += size;
  return {
    kind: kind === WIRE.batch ? 'batch' : 'experiment',
    generation,
    batch: { thread, time, start, end: start + size },
  };
}

class OpenGeneration {
  readonly number: number;
  readonly #events = new Map<number, Batch[]>();
  readonly #strings: Batch[] = [];
  readonly #stacks: Batch[] = [];
  readonly #samples: Batch[] = [];
  #clock: Batch | undefined;
  #minTime = Number.POSITIVE_INFINITY;

  constructor(number: number) {
    this.number = number;
  }

  add(head: Exclude<Head, { kind: 'end' }>, bytes: Uint8Array): void {
    const { batch } = head;
    this.#minTime = Math.min(this.#minTime, batch.time);
    if (head.kind === 'experiment' || batch.start === batch.end) return;
    switch (bytes[batch.start]) {
      case WIRE.strings:
        this.#strings.push(batch);
        break;
      case WIRE.stacks:
        this.#stacks.push(batch);
        break;
      case WIRE.cpuSamples:
        this.#samples.push(batch);
        break;
      case WIRE.frequency:
      case WIRE.sync:
        this.#clock ??= batch;
        break;
      default: {
        const batches = this.#events.get(batch.thread);
        if (batches === undefined) this.#events.set(batch.thread, [batch]);
        else batches.push(batch);
      }
    }
  }

  close(cut: string | undefined): Generation {
    return {
      number: this.number,
      events: this.#events,
      strings: this.#strings,
      stacks: this.#stacks,
      samples: this.#samples,
      clock: this.#clock,
      minTime: this.#minTime,
      cut,
    };
  }
}
