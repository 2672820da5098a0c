import { DataError, decodeText } from '../../base/index.ts';
import { EVENT } from '../events.ts';
import type { Trace } from '../trace.ts';
import { TraceBuilder } from '../trace-builder.ts';
import { Emitter } from './emitter.ts';
import { EventCursor } from './event-cursor.ts';
import { Frontier } from './frontier.ts';
import {
  type Clock,
  type CpuSamples,
  readClock,
  readSamples,
  readStacks,
  readStrings,
} from './generation-tables.ts';
import { type Generation, generationsOf, HEADER_BYTES, MARKED_ENDS } from './generations.ts';
import { MARK } from './notes.ts';
import { Ordering } from './ordering.ts';
import { SideData } from './side-data.ts';

/**
 * Reads a Go execution trace: runtime/trace, `go test -trace`, net/http/pprof, or ours. Format: wire.ts; what events
 * mean: events.ts; their order: ordering.ts.
 *
 * Not read: traces of Go 1.21 and older (another format), batches and events of experiments. Lost: that a status was
 * said again in a later generation.
 */
export function readGoTrace(bytes: Uint8Array, name: string): Trace {
  return new GoTraceReader(bytes, name).read();
}

/** Whether a file begins as Go's traces do, of any version. */
export function looksLikeGoTrace(bytes: Uint8Array): boolean {
  return HEADER.test(decodeText(bytes, 0, Math.min(bytes.length, HEADER_BYTES)));
}

const HEADER = /^go 1\.(\d+) trace\0/;
const FIRST_VERSION = 22;
const KNOWN_VERSIONS: ReadonlySet<number> = new Set([22, 23, 25, 26]);

/** Tries to put an event in order, per event: beyond that a file is only made to keep a reader busy. */
const TRIES = 64;
const FREE_TRIES = 100_000;
const FIRST_LOOK = 256;

class GoTraceReader {
  readonly #bytes: Uint8Array;
  readonly #name: string;
  readonly #version: number;
  readonly #builder: TraceBuilder;
  #out!: Emitter;
  #ordering!: Ordering;
  #clock: Clock | undefined;
  readonly #isOurs: boolean;
  #tries = FREE_TRIES;
  #isCut = false;
  #side: SideData | undefined;

  constructor(bytes: Uint8Array, name: string) {
    this.#bytes = bytes;
    this.#name = name;
    this.#version = versionOf(bytes, name);
    // Our writer puts its mark in front.
    this.#isOurs = decodeText(bytes, 0, Math.min(bytes.length, FIRST_LOOK)).includes(MARK);
    this.#builder = new TraceBuilder({
      writer: this.#isOurs ? 'mattock' : 'go',
      format: `1.${this.#version}`,
      name,
    });
  }

  read(): Trace {
    let read = 0;
    for (const generation of generationsOf(this.#bytes, this.#name, this.#version)) {
      if (!this.#readGeneration(generation)) break;
      read++;
    }
    if (read === 0 || (this.#isCut && this.#builder.columns.count === 0))
      throw new DataError(
        { file: this.#name },
        'the trace ends before anything of it can be read',
        'stop tracing before the program ends: trace.Stop() writes the rest',
      );
    return this.#builder.build();
  }

  /** False: it is cut so short that nothing follows. */
  #readGeneration(generation: Generation): boolean {
    const { cut, clock, number } = generation;
    if (clock !== undefined) this.#clock = readClock(this.#bytes, this.#name, clock);
    const time = this.#clock;
    if (time === undefined || generation.minTime === Number.POSITIVE_INFINITY) {
      if (this.#out !== undefined) this.#noteCut(number, cut ?? 'it has no clock', 0);
      return false;
    }
    const side = this.#isOurs ? new SideData() : undefined;
    const strings = readStrings(this.#bytes, this.#name, generation, this.#builder, side);
    const stacks = readStacks(this.#bytes, this.#name, generation, strings, this.#builder, this.#isOurs);
    side?.finish();
    this.#builder.startedAt ??= side?.startedAt;
    this.#builder.endedAt = Math.max(this.#builder.endedAt, side?.endedAt ?? 0);
    if (side !== undefined) this.#builder.processes.push(...side.processes);
    const samples = readSamples(this.#bytes, this.#name, generation);
    this.#begin(generation, time);
    this.#ordering.begin(number, strings, stacks);
    const cursors = [...generation.events].map(
      ([thread, batches]) =>
        new EventCursor(
          thread,
          batches,
          { bytes: this.#bytes, file: this.#name },
          time.nanosecondsPerTick,
          !this.#isOurs,
        ),
    );
    const left = this.#order(cursors, samples, time, cut !== undefined, side);
    if (cut !== undefined) this.#noteCut(number, cut, left);
    return true;
  }

  #begin(generation: Generation, clock: Clock): void {
    const first = Math.trunc(generation.minTime * clock.nanosecondsPerTick);
    if (this.#out === undefined) {
      this.#out = new Emitter(this.#builder, !this.#isOurs);
      this.#ordering = new Ordering(this.#out);
    }
    this.#out.begin(first);
    if (clock.snapshot !== undefined && this.#builder.startedAt === undefined) {
      const since = Math.trunc(clock.snapshot.tick * clock.nanosecondsPerTick) - this.#out.origin;
      this.#builder.startedAt = clock.snapshot.wall - BigInt(Number.isSafeInteger(since) ? since : 0);
    }
  }

  /** Merges the threads. Answers how many threads still had events when nothing fitted any more, in a cut generation. */
  #order(
    cursors: EventCursor[],
    samples: CpuSamples,
    clock: Clock,
    isCut: boolean,
    side: SideData | undefined,
  ): number {
    const frontier = new Frontier(cursors.filter((cursor) => cursor.advance()));
    const ordering = this.#ordering;
    let sample = 0;
    for (;;) {
      const head = frontier.peek();
      this.#out.muted = false;
      const until = head === undefined ? Number.POSITIVE_INFINITY : head.time;
      while (sample < samples.count && this.#sampleTime(samples, sample, clock) < until) {
        side?.emitUntil(
          this.#sampleTime(samples, sample, clock),
          this.#out,
          ordering.strings,
          ordering.stacks,
        );
        this.#sample(samples, sample++, clock);
      }
      side?.emitUntil(until, this.#out, ordering.strings, ordering.stacks);
      if (head === undefined) return 0;
      this.#tries += TRIES;
      this.#side = side;
      if (side !== undefined) this.#out.muted = side.hides(head.time);
      if (ordering.advance(head, false)) {
        frontier.step();
        continue;
      }
      if (this.#tries > 0 && frontier.stepFirst((cursor) => this.#try(cursor))) continue;
      // Nothing fits. In a cut generation what it waits for is missing; else the trace contradicts itself.
      if (isCut) return frontier.count;
      if (side !== undefined) this.#out.muted = side.hides(head.time);
      ordering.advance(head, true);
      frontier.step();
    }
  }

  #try(cursor: EventCursor): boolean {
    this.#tries--;
    if (this.#isOurs) this.#out.muted = this.#side!.hides(cursor.time);
    return this.#ordering.advance(cursor, false);
  }

  #sample({ rows }: CpuSamples, index: number, clock: Clock): void {
    const at = index * 5;
    const time = this.#sampleTime({ rows, count: 0 }, index, clock);
    const [thread, proc, goroutine] = [rows[at + 1]!, rows[at + 2]!, Math.max(0, rows[at + 3]!)];
    const stack = this.#ordering.stacks.get(rows[at + 4]!);
    this.#out.emit(EVENT.cpuSample, time, goroutine, 0, proc, thread, stack, 0, 0, 0);
  }

  #sampleTime({ rows }: CpuSamples, index: number, clock: Clock): number {
    const nanoseconds = rows[index * 5]! * clock.nanosecondsPerTick;
    return this.#isOurs ? nanoseconds : Math.trunc(nanoseconds);
  }

  #noteCut(number: number, why: string, threads: number): void {
    this.#isCut = true;
    const rest = threads === 0 ? '' : `; events of ${threads} threads at its end do not fit and are left out`;
    this.#builder.note(`generation ${number} is not whole (${why})${rest}`);
  }
}

/** Whether a trace is written to its end. Before go1.26 nothing tells: it may be. */
export function isWholeGoTrace(bytes: Uint8Array, name: string): boolean {
  const version = Number(HEADER.exec(decodeText(bytes, 0, Math.min(bytes.length, HEADER_BYTES)))?.[1]);
  if (!(version >= MARKED_ENDS)) return bytes.length > HEADER_BYTES;
  let last: Generation | undefined;
  for (last of generationsOf(bytes, name, version));
  return last !== undefined && last.cut === undefined;
}

function versionOf(bytes: Uint8Array, file: string): number {
  const match = HEADER.exec(decodeText(bytes, 0, Math.min(bytes.length, HEADER_BYTES)));
  if (match === null || bytes.length < HEADER_BYTES)
    throw new DataError(
      { file },
      'this is not a Go execution trace',
      'runtime/trace, go test -trace and mattock trace write such files',
    );
  const version = Number(match[1]);
  if (version < FIRST_VERSION)
    throw new DataError(
      { file },
      `this trace is in the format of Go 1.${version}, which Go 1.22 replaced`,
      'build the program with Go 1.22 or newer and trace it again, or trace it with mattock trace as it is',
    );
  if (!KNOWN_VERSIONS.has(version))
    throw new DataError(
      { file },
      `this trace is in the format of Go 1.${version}, which this Mattock does not know`,
      'known are the formats 1.22, 1.23, 1.25 and 1.26 (written by Go 1.22 to 1.27)',
    );
  return version;
}
