import { decodeText } from '../../base/index.ts';
import type { TraceBuilder } from '../trace-builder.ts';
import type { Batch, Generation } from './generations.ts';
import { IdTable } from './id-table.ts';
import type { SideData } from './side-data.ts';
import { PC_SPACE } from './side-strings.ts';
import { Varints } from './varints.ts';
import { MAX_FRAMES, MAX_STRING_BYTES, WIRE } from './wire.ts';

export interface Clock {
  readonly nanosecondsPerTick: number;
  /** A tick and the Unix time in nanoseconds that was then. */
  readonly snapshot: { readonly tick: number; readonly wall: bigint } | undefined;
}

export interface CpuSamples {
  readonly count: number;
  /** Rows of tick, thread, P, goroutine, stack (id of the generation). */
  readonly rows: Float64Array;
}

/** Strings of a generation; those that are meant for `side` go there. */
export function readStrings(
  bytes: Uint8Array,
  file: string,
  generation: Generation,
  builder: TraceBuilder,
  side?: SideData,
): IdTable {
  const ids = new IdTable();
  for (const batch of generation.strings) {
    const input = cursor(bytes, file, batch);
    while (!input.atEnd) {
      expect(input, WIRE.string, 'a string');
      const id = input.next();
      const length = input.next();
      if (length > MAX_STRING_BYTES || length > input.end - input.position)
        throw input.error(`a string of ${length} bytes`);
      const text = decodeText(bytes, input.position, input.position + length);
      if (!side?.take(text)) ids.set(id, builder.string(text));
      input.position += length;
    }
  }
  return ids;
}

export function readStacks(
  bytes: Uint8Array,
  file: string,
  generation: Generation,
  strings: IdTable,
  builder: TraceBuilder,
  isOurs: boolean,
): IdTable {
  const ids = new IdTable();
  const frames = new Uint32Array(MAX_FRAMES);
  for (const batch of generation.stacks) {
    const input = cursor(bytes, file, batch);
    while (!input.atEnd) {
      expect(input, WIRE.stack, 'a stack');
      const id = input.next();
      const count = input.next();
      if (count > MAX_FRAMES) throw input.error(`a stack of ${count} frames`);
      for (let i = 0; i < count; i++) {
        const pc = isOurs ? input.next() % PC_SPACE : input.next();
        const name = strings.get(input.next());
        const path = strings.get(input.next());
        frames[i] = builder.frame(pc, name, path, input.next());
      }
      ids.set(id, builder.stack(frames, count));
    }
  }
  return ids;
}

const SAMPLE_FIELDS = 5;

export function readSamples(bytes: Uint8Array, file: string, generation: Generation): CpuSamples {
  const rows: number[] = [];
  for (const batch of generation.samples) {
    const input = cursor(bytes, file, batch);
    while (!input.atEnd) {
      expect(input, WIRE.cpuSample, 'a CPU sample');
      rows.push(input.next(), input.signed(), input.signed(), input.signed(), input.next());
    }
  }
  const count = rows.length / SAMPLE_FIELDS;
  const order = Array.from({ length: count }, (_, i) => i * SAMPLE_FIELDS).sort(
    (x, y) => rows[x]! - rows[y]!,
  );
  const sorted = new Float64Array(rows.length);
  for (const [i, from] of order.entries())
    for (let field = 0; field < SAMPLE_FIELDS; field++)
      sorted[i * SAMPLE_FIELDS + field] = rows[from + field]!;
  return { count, rows: sorted };
}

/** Until go 1.24 the batch is a frequency; since go 1.25 a list, with a snapshot of the clocks. */
export function readClock(bytes: Uint8Array, file: string, batch: Batch): Clock {
  const input = new Varints(bytes, file, batch.start, batch.end);
  if (bytes[batch.start] === WIRE.sync) input.byte();
  let perSecond = 0;
  let snapshot: Clock['snapshot'];
  while (!input.atEnd) {
    const kind = input.byte();
    if (kind === WIRE.frequency) perSecond = input.next();
    else if (kind === WIRE.clockSnapshot) {
      const tick = batch.time + input.next();
      input.next();
      const [seconds, nanoseconds] = [input.next(), input.next()];
      snapshot = { tick, wall: BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds) };
    } else throw input.error(`the clock has an entry of kind ${kind}`);
  }
  if (perSecond === 0) throw input.error('the clock does not tick');
  // As internal/trace/generation.go rounds it, so that times are the same to the nanosecond.
  return { nanosecondsPerTick: 1 / (perSecond / 1e9), snapshot };
}

/** Behind the byte that says what the batch holds. */
const cursor = (bytes: Uint8Array, file: string, batch: Batch) =>
  new Varints(bytes, file, batch.start + 1, batch.end);

function expect(input: Varints, kind: number, what: string): void {
  const at = input.position;
  const found = input.byte();
  if (found !== kind) throw input.error(`expected ${what}, found an entry of kind ${found}`, at);
}
