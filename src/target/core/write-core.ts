import { runtimeAddress, TargetFault } from '../../base/index.ts';
import type { Target, Thread } from '../target.ts';
import {
  encodeCountSection,
  encodeHeaders,
  layOut,
  PAGE,
  type PlacedRegion,
  pageUp,
} from './core-headers.ts';
import { coreNotes } from './core-notes.ts';
import { CoreOutput, type CoreSink, MemoryPiece, PIECE } from './core-output.ts';

export interface WriteCoreOptions {
  /** How far it is, in bytes of the file. Called after every piece; what it throws ends the writing. */
  readonly progress?: (done: number, total: number) => void;
}

export interface WrittenCore {
  /** Of the file, holes included. */
  readonly size: number;
  /** Bytes that are not in holes. */
  readonly written: number;
  readonly threads: number;
  readonly regions: number;
  /** Bytes of readable regions that could not be read: zeros in the file. */
  readonly unreadable: number;
}

/**
 * Writes a core of everything that a target holds: a stopped process, or a core, whose memory then is in one file. One
 * piece of memory is held at a time. As in the kernel's cores, a region that cannot be read ([vvar], devices, guard
 * pages) is there without contents. What is lost: which mappings are shared, and the names of anonymous ones.
 */
export function writeCore(target: Target, sink: CoreSink, options: WriteCoreOptions = {}): WrittenCore {
  const threads = threadsInOrder(target);
  const notes = coreNotes(target, threads);
  const piece = new MemoryPiece(target.memory);
  const regions = target.memory.regions.map((region) => {
    const { start, available } = region;
    // Rights alone do not tell whether a region can be read: its first page does.
    const readable = available > 0 && piece.read(start, Math.min(available, PAGE)) > 0;
    return { region, fileSize: readable ? available : 0 };
  });
  const notesSize = notes.reduce((sum, note) => sum + note.length, 0);
  const layout = layOut(regions, notesSize);
  sink.begin(layout.size);
  const output = new CoreOutput(sink, layout.size, options.progress);
  output.write(encodeHeaders(target.arch.name, layout));
  for (const note of notes) output.write(note);
  let unreadable = 0;
  for (const placed of layout.regions) {
    if (placed.fileSize === 0) continue;
    output.skipTo(placed.fileOffset);
    unreadable += writeContents(placed, piece, output);
  }
  output.skipTo(layout.contentsEnd);
  output.write(encodeCountSection(layout));
  const { written } = output;
  return { size: layout.size, written, threads: threads.length, regions: regions.length, unreadable };
}

/** The current thread first: readers take it for the one that the core is about. Threads that are gone are left out. */
function threadsInOrder({ threads, process, arch }: Target): Thread[] {
  const present = threads.filter((thread) => isPresent(thread, arch.dwarf.pc));
  const current = present.filter(({ id }) => id === process.currentThread);
  return [...current, ...present.filter((thread) => !current.includes(thread))];
}

function isPresent({ registers }: Thread, pc: number): boolean {
  try {
    return registers.get(pc) !== undefined;
  } catch (error) {
    if (error instanceof TargetFault) return false;
    throw error;
  }
}

/** Gives how many bytes could not be read: pages of zeros in the file, as the kernel writes them. */
function writeContents({ region, fileSize }: PlacedRegion, piece: MemoryPiece, output: CoreOutput): number {
  let unreadable = 0;
  for (let at = 0; at < fileSize; ) {
    const wanted = Math.min(PIECE, fileSize - at);
    const got = piece.read(runtimeAddress(region.start + at), wanted);
    const length = got === wanted ? wanted : Math.min(wanted, pageUp(got + 1));
    unreadable += length - got;
    output.writePages(piece.bytes.subarray(0, length));
    at += length;
  }
  return unreadable;
}
