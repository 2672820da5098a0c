import { type RuntimeAddress, runtimeAddress } from '../../base/index.ts';
import type { GoRuntime } from '../go-runtime.ts';
import {
  ARENA_OF_ZERO,
  ARENAS,
  HEAP_ARENA_BYTES,
  PAGE_BYTES,
  SPAN_IN_USE,
} from '../runtime-facts/constants.ts';
import type { Layout } from '../runtime-facts/form.ts';
import { HEAP } from '../runtime-facts/globals.ts';
import { Heap, HeapArena, Span } from '../runtime-facts/structs.ts';

const PAGES = HEAP_ARENA_BYTES / PAGE_BYTES;
/** Larger ones are damage: a span is at most as large as the address space, an element no larger than its span. */
const LARGEST = 2 ** 47;

/** What holds an address: an object of the heap. */
export interface HeapObject {
  readonly base: number;
  readonly size: number;
  readonly pointers: boolean;
}

interface Arena {
  /** Address of the table of spans. */
  readonly spans: number;
  /** By page: 0 not asked yet, −1 no objects, else 1 + index into `spans`. */
  readonly pages: Int32Array;
}

interface SpanFacts {
  readonly start: number;
  readonly end: number;
  readonly elementSize: number;
  readonly pointers: boolean;
}

/** Finds the object of Go's heap that an address points into: arenas of 64 MB, spans by page (runtime/mheap.go, spanOf). */
export class HeapObjects {
  readonly #runtime: GoRuntime;
  readonly #table: number;
  readonly #arenaLayout: Layout<typeof HeapArena>;
  readonly #spanLayout: Layout<typeof Span>;
  readonly #arenas = new Map<number, Arena | undefined>();
  readonly #spans: SpanFacts[] = [];
  readonly #spanAt = new Map<number, number>();

  /** undefined where the heap cannot be found: a stripped program, or a Go whose structs are not known. */
  static of(runtime: GoRuntime): HeapObjects | undefined {
    const heap = runtime.tryGlobal(HEAP);
    const heapLayout = runtime.layouts.tryOf(Heap);
    const arena = runtime.layouts.tryOf(HeapArena);
    const span = runtime.layouts.tryOf(Span);
    if (heap === undefined || heapLayout === undefined || arena === undefined || span === undefined)
      return undefined;
    const table = tryWord(runtime, heap + heapLayout.arenas);
    return table === 0 ? undefined : new HeapObjects(runtime, table, arena, span);
  }

  private constructor(
    runtime: GoRuntime,
    table: number,
    arena: Layout<typeof HeapArena>,
    span: Layout<typeof Span>,
  ) {
    this.#runtime = runtime;
    this.#table = table;
    this.#arenaLayout = arena;
    this.#spanLayout = span;
  }

  at(address: number): HeapObject | undefined {
    const span = this.#span(address);
    if (span === undefined) return undefined;
    const { start, elementSize: size, pointers } = span;
    const base = start + Math.floor((address - start) / size) * size;
    return base + size > span.end ? undefined : { base, size, pointers };
  }

  #span(address: number): SpanFacts | undefined {
    const number = Math.floor(address / HEAP_ARENA_BYTES);
    let arena = this.#arenas.get(number);
    if (arena === undefined) {
      if (this.#arenas.has(number)) return undefined;
      arena = this.#arena(number);
      this.#arenas.set(number, arena);
      if (arena === undefined) return undefined;
    }
    const page = Math.floor((address - number * HEAP_ARENA_BYTES) / PAGE_BYTES);
    let index = arena.pages[page]!;
    if (index === 0) {
      index = this.#read(arena.spans + page * 8, address);
      arena.pages[page] = index;
    }
    return index < 0 ? undefined : this.#spans[index - 1];
  }

  #arena(number: number): Arena | undefined {
    const index = number + ARENA_OF_ZERO[this.#runtime.target.arch.name];
    if (index < 0 || index >= ARENAS) return undefined;
    const arena = tryWord(this.#runtime, this.#table + index * 8);
    if (arena === 0) return undefined;
    return { spans: arena + this.#arenaLayout.spans, pages: new Int32Array(PAGES) };
  }

  #read(slot: number, address: number): number {
    const layout = this.#spanLayout;
    const { memory } = this.#runtime;
    const at = tryWord(this.#runtime, slot);
    if (at === 0) return -1;
    const known = this.#spanAt.get(at);
    if (known !== undefined) return known;
    if (memory.tryRead(runtimeAddress(at), layout.size) === undefined) return -1;
    if (memory.uint8(runtimeAddress(at + layout.state)) !== SPAN_IN_USE) return -1;
    const start = tryWord(this.#runtime, at + layout.start);
    const end = start + tryWord(this.#runtime, at + layout.pages) * PAGE_BYTES;
    const elementSize = tryWord(this.#runtime, at + layout.elementSize);
    const sound = start <= address && address < end && end < LARGEST && elementSize >= 8;
    if (!sound || elementSize > end - start) return -1;
    // The lowest bit of the class says that there are no pointers in it (runtime/mheap.go, spanClass.noscan).
    const pointers = (memory.uint8(runtimeAddress(at + layout.spanClass)) & 1) === 0;
    const index = this.#spans.push({ start, end, elementSize, pointers });
    this.#spanAt.set(at, index);
    return index;
  }
}

function tryWord({ memory }: GoRuntime, address: number): number {
  if (memory.tryRead(address as RuntimeAddress, 8) === undefined) return 0;
  return memory.uint64(address as RuntimeAddress);
}
