import { hex, type RuntimeAddress, runtimeAddress } from '../../base/index.ts';
import type { Target } from '../../target/index.ts';
import { describeFault } from '../../target/index.ts';
import type { GoProgram } from '../go-program.ts';
import {
  ARENA_OF_ZERO,
  ARENAS,
  HEAP_ARENA_BYTES,
  PAGE_BYTES,
  SPAN_IN_USE,
  SPAN_MANUAL,
} from '../runtime-facts/constants.ts';
import { HEAP } from '../runtime-facts/globals.ts';
import { Heap, HeapArena, Span } from '../runtime-facts/structs.ts';

/** How far below a goroutine's stack an access still counts as running off it. */
const BELOW_STACK = 64 * 1024;

/** What stands at an address, in Go's terms where Go knows it: heap span, goroutine stack, or what the map says. */
export function describePlace(target: Target, go: GoProgram | undefined, address: RuntimeAddress): string {
  const { arch, memory, modules, threads } = target;
  const stackPointer = (thread: (typeof threads)[number]): number | undefined =>
    thread.registers.get(arch.dwarf.sp);
  const place = describeFault(address, { memory, modules, threads, stackPointer });
  if (go === undefined || place.kind === 'nil' || place.kind === 'not-canonical') return place.text;
  return stackPlace(go, address) ?? spanPlace(go, address) ?? place.text;
}

/** The stacks of goroutines that run: those of parked ones are not what a running program trips over. */
function stackPlace(go: GoProgram, address: number): string | undefined {
  for (const { curg } of go.machines.all) {
    if (curg === 0) continue;
    const low = go.fields.word(curg, go.fields.layout.stackLow);
    const high = go.fields.word(curg, go.fields.layout.stackHigh);
    const id = go.fields.id(curg);
    const range = `${hex(low)}–${hex(high)}`;
    if (address >= low && address < high) return `the stack of goroutine ${id}, ${range}`;
    if (address < low && low - address <= BELOW_STACK && go.code !== undefined) {
      const sp = go.starts.ofGoroutine(curg).cursor.sp;
      if (sp >= low - BELOW_STACK && sp < low) return `below the stack of goroutine ${id}, ${range}`;
    }
  }
  return undefined;
}

/** runtime/mheap.go, spanOf: arenas of 64 MB, each with a table of spans by page. */
function spanPlace(go: GoProgram, address: number): string | undefined {
  const { runtime } = go;
  const { memory, layouts, target } = runtime;
  const heap = runtime.tryGlobal(HEAP);
  const heapLayout = layouts.tryOf(Heap);
  const arenaLayout = layouts.tryOf(HeapArena);
  const span = layouts.tryOf(Span);
  if (heap === undefined || heapLayout === undefined || arenaLayout === undefined || span === undefined) {
    return undefined;
  }
  const tryWord = (at: number): number =>
    memory.tryRead(runtimeAddress(at), 8) === undefined ? 0 : memory.uint64(runtimeAddress(at));
  const index = Math.floor(address / HEAP_ARENA_BYTES) + ARENA_OF_ZERO[target.arch.name];
  if (index >= ARENAS) return undefined;
  const arenas = tryWord(heap + heapLayout.arenas);
  const arena = arenas === 0 ? 0 : tryWord(arenas + index * 8);
  if (arena === 0) return undefined;
  const page = Math.floor((address % HEAP_ARENA_BYTES) / PAGE_BYTES);
  const at = tryWord(arena + arenaLayout.spans + page * 8);
  if (at === 0 || memory.tryRead(runtimeAddress(at), span.size) === undefined) {
    return 'the Go heap, a page that no span has';
  }
  const start = tryWord(at + span.start);
  const bytes = tryWord(at + span.pages) * PAGE_BYTES;
  const state = memory.uint8(runtimeAddress(at + span.state));
  const where = `${hex(start)}–${hex(start + bytes)}`;
  if (address < start || address >= start + bytes || (state !== SPAN_IN_USE && state !== SPAN_MANUAL)) {
    return `the Go heap, a free span ${where}`;
  }
  if (state === SPAN_MANUAL) return `memory that the Go runtime manages by hand (stacks), span ${where}`;
  const size = tryWord(at + span.elementSize);
  const object = start + Math.floor((address - start) / size) * size;
  const offset = address - object;
  const inside = offset === 0 ? '' : ` + ${offset}`;
  const scan = (memory.uint8(runtimeAddress(at + span.spanClass)) & 1) === 1 ? ', without pointers' : '';
  return `the Go heap, object ${hex(object)}${inside} of ${size} bytes${scan}, span ${where}`;
}
