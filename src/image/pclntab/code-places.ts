/**
 * Where a function or a line is in the code, copies by inlining included, from pclntab alone: it is the same in stripped
 * programs. An inlining tree (FUNCDATA_InlTree, runtime.inlinedCall) has a node for every inlined call; the node's name is
 * an offset in the name table and `parentPc` a pc of the call around it. PCDATA_InlTreeIndex says which node a pc is in.
 */
import { type LinkedAddress, linkedAddress } from '../../base/index.ts';
import type { CodePlaces } from '../function-table.ts';
import { lazy } from '../lazy.ts';
import type { InlinedCallLayout } from './layout.ts';

/** What it takes of the function table. Tables are offsets of pc-value tables; 0: none. */
export interface PlaceSource {
  readonly count: number;
  readonly inlinedCall: InlinedCallLayout;
  entry(index: number): LinkedAddress;
  treeOf(index: number): LinkedAddress | undefined;
  /** Every value of a function's table with the bytes behind its entry for which it holds. */
  walk(
    index: number,
    table: 'inlining' | 'file' | 'line' | 'sp',
    visit: (value: number, from: number, to: number) => void,
  ): void;
  /** Where a name is in the name table; -1: nowhere. */
  nameOffset(name: string): number;
  nameAt(offset: number): string;
  /** What stands for a path in the table of files; -1: it is not there. */
  fileOffset(path: string): number;
  /** The same of the file that has a number in the unit of a function. */
  fileOffsetOf(index: number, number: number): number;
  /** Memory in which all trees lie, among other things; `end` 0: that is not known. */
  funcdata(): { readonly start: number; readonly end: number };
  bytesAt(address: LinkedAddress, length: number): Uint8Array;
}

/** A function into which something was inlined, with the name and the calling pc of each node. */
interface Tree {
  readonly index: number;
  readonly names: Int32Array;
  readonly parents: Int32Array;
}

/** Functions with a tree, by the addresses of their trees. */
interface TreeStarts {
  readonly functions: readonly number[];
  readonly starts: Float64Array;
}

/** A stretch of code that belongs to a node; -1: to the function itself. */
interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly node: number;
}

const WORD = 4;
/** Bytes that are searched at once. */
const PIECE = 1 << 20;

export class PclnPlaces implements CodePlaces {
  readonly #source: PlaceSource;

  constructor(source: PlaceSource) {
    this.#source = source;
  }

  inlinedNames(): readonly string[] {
    return this.#inlinedNames();
  }

  inlinedCopies(name: string): readonly LinkedAddress[] {
    const offset = this.#source.nameOffset(name);
    if (offset < 0) return [];
    const copies: number[] = [];
    for (const index of this.#functionsNaming(offset)) {
      const tree = this.#treeOf(index);
      if (tree?.names.includes(offset) !== true) continue;
      copies.push(...this.#firstsOf(tree, (node) => tree.names[node] === offset));
    }
    return copies.sort((a, b) => a - b).map(linkedAddress);
  }

  addressesOf(file: string, line: number): readonly LinkedAddress[] {
    const found: number[] = [];
    const path = this.#source.fileOffset(file);
    if (path < 0) return [];
    for (let index = 0; index < this.#source.count; index++) {
      const stretches = this.#stretchesOfLine(index, path, line);
      if (stretches.length === 0) continue;
      const entry = this.#source.entry(index);
      const nodes = stretchFinder(this.#stretches(index));
      const firsts = new Map<number, number>();
      for (const { from } of stretches) {
        const node = nodes(from);
        firsts.set(node, Math.min(from, firsts.get(node) ?? from));
      }
      for (const first of firsts.values()) found.push(first === 0 ? this.bodyStart(index) : entry + first);
    }
    return found.sort((a, b) => a - b).map(linkedAddress);
  }

  inlinedCallsOn(file: string, line: number): readonly LinkedAddress[] {
    const path = this.#source.fileOffset(file);
    if (path < 0) return [];
    const found: number[] = [];
    for (const tree of this.#trees()) {
      const stretches = this.#stretchesOfLine(tree.index, path, line);
      if (stretches.length === 0) continue;
      const calls = (node: number): boolean =>
        stretches.some(({ from, to }) => from <= tree.parents[node]! && tree.parents[node]! < to);
      found.push(...this.#firstsOf(tree, calls));
    }
    return found.sort((a, b) => a - b).map(linkedAddress);
  }

  /**
   * cmd/internal/obj/x86.preprocess marks the instruction that makes room for locals: behind the check of the stack and
   * `push rbp; mov rbp, rsp` (since go1.21; the latter where there are no locals), or `sub rsp` alone.
   */
  bodyStart(index: number): LinkedAddress {
    const entry = this.#source.entry(index);
    const steps: { readonly delta: number; readonly from: number }[] = [];
    this.#source.walk(index, 'sp', (delta, from) => {
      if (steps.length < 3) steps.push({ delta, from });
    });
    const [before, first, second] = steps;
    if (before?.delta !== 0 || first === undefined || first.delta <= 0) return entry;
    const start = Math.max(0, first.from - LONGEST_SUB);
    const code = this.#source.bytesAt(linkedAddress(entry + start), LONGEST_SUB + MOVE_FRAME_POINTER.length);
    const at = first.from - start;
    const has = (bytes: readonly number[], offset: number): boolean =>
      bytes.every((byte, i) => code[offset + i] === byte);
    if (has(MOVE_FRAME_POINTER, at)) {
      const behindMove = first.from + MOVE_FRAME_POINTER.length;
      const makesRoom =
        second !== undefined && second.delta > first.delta && second.from <= behindMove + LONGEST_SUB;
      return linkedAddress(entry + (makesRoom ? behindMove : first.from));
    }
    for (const { bytes, length } of SUBS)
      if (has(bytes, at - length)) return linkedAddress(entry + first.from - length);
    return linkedAddress(entry + first.from);
  }

  /** Where each inlined call that is `wanted` begins: the first pc of the node itself or of what was inlined into it. */
  #firstsOf({ index, parents }: Tree, wanted: (node: number) => boolean): number[] {
    const stretches = this.#stretches(index);
    const nodeAt = stretchFinder(stretches);
    const firsts = new Map<number, number>();
    for (const { from, node: innermost } of stretches) {
      const seen = new Set<number>();
      for (let node = innermost; node >= 0 && !seen.has(node); node = nodeAt(parents[node] ?? -1)) {
        seen.add(node);
        if (wanted(node)) firsts.set(node, Math.min(from, firsts.get(node) ?? from));
      }
    }
    const entry = this.#source.entry(index);
    return [...firsts.values()].map((from) => entry + from);
  }

  #stretches(index: number): Stretch[] {
    const stretches: Stretch[] = [];
    this.#source.walk(index, 'inlining', (node, from, to) => stretches.push({ from, to, node }));
    return stretches;
  }

  /** Where a line's code begins, in bytes behind the entry. */
  #stretchesOfLine(index: number, path: number, line: number): Stretch[] {
    const source = this.#source;
    const files: Stretch[] = [];
    source.walk(index, 'file', (number, from, to) => {
      if (number >= 0 && source.fileOffsetOf(index, number) === path) files.push({ from, to, node: number });
    });
    if (files.length === 0) return [];
    const found: Stretch[] = [];
    this.#source.walk(index, 'line', (value, from, to) => {
      if (value !== line) return;
      for (const inFile of files) {
        const [low, high] = [Math.max(from, inFile.from), Math.min(to, inFile.to)];
        if (low < high) found.push({ from: low, to: high, node: value });
      }
    });
    return found;
  }

  /**
   * Functions whose trees may have a node with this name: one search of the memory in which the trees lie, since to walk
   * the tables of all functions takes a second in a large program.
   */
  #functionsNaming(offset: number): Set<number> {
    const found = new Set<number>();
    if (!this.#mayBeNamed(offset)) return found;
    const { functions, starts } = this.#treeStarts();
    const low = starts[0];
    if (low === undefined) return found;
    const last = this.#treeOf(functions.at(-1)!)?.names.length ?? 0;
    const length = starts.at(-1)! + last * this.#source.inlinedCall.size - low;
    // The linker aligns trees to their words (cmd/link/internal/ld/pcln.go, genInlTreeSym).
    const bytes = this.#source.bytesAt(linkedAddress(low), length).slice();
    const words = new Int32Array(bytes.buffer, 0, bytes.length >>> 2);
    let at = words.indexOf(offset);
    for (let i = 0; at >= 0; at = words.indexOf(offset, at + 1)) {
      while (i + 1 < starts.length && starts[i + 1]! <= low + at * WORD) i++;
      // Functions may share a tree.
      for (let same = i; same >= 0 && starts[same] === starts[i]; same--) found.add(functions[same]!);
    }
    return found;
  }

  /** Most functions are inlined nowhere: that is known without asking every function where its tree is. */
  #mayBeNamed(offset: number): boolean {
    const { start, end } = this.#source.funcdata();
    const from = Math.ceil(start / WORD) * WORD;
    for (let at = from; at < end; at += PIECE) {
      const bytes = this.#source.bytesAt(linkedAddress(at), Math.min(PIECE, end - at));
      const aligned = bytes.byteOffset % WORD === 0 ? bytes : bytes.slice();
      const words = new Int32Array(aligned.buffer, aligned.byteOffset, aligned.length >>> 2);
      if (words.includes(offset)) return true;
      // A cut file: nothing is known of the rest.
      if (bytes.length < Math.min(PIECE, end - at)) return true;
    }
    return end === 0;
  }

  readonly #treeStarts = lazy((): TreeStarts => {
    const found: (readonly [number, number])[] = [];
    for (let index = 0; index < this.#source.count; index++) {
      const tree = this.#source.treeOf(index);
      if (tree !== undefined) found.push([tree, index]);
    }
    found.sort(([a], [b]) => a - b);
    return { functions: found.map(([, index]) => index), starts: Float64Array.from(found, ([tree]) => tree) };
  });

  #treeOf(index: number): Tree | undefined {
    const source = this.#source;
    const tree = source.treeOf(index);
    if (tree === undefined) return undefined;
    let last = -1;
    source.walk(index, 'inlining', (node) => {
      if (node > last) last = node;
    });
    if (last < 0) return undefined;
    const { size, name, parentPc } = source.inlinedCall;
    const bytes = source.bytesAt(tree, (last + 1) * size);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const column = (at: number): Int32Array =>
      Int32Array.from({ length: Math.floor(bytes.length / size) }, (_, node) =>
        view.getInt32(node * size + at, true),
      );
    return { index, names: column(name), parents: column(parentPc) };
  }

  readonly #trees = lazy((): readonly Tree[] => {
    const trees: Tree[] = [];
    for (let index = 0; index < this.#source.count; index++) {
      const tree = this.#treeOf(index);
      if (tree !== undefined) trees.push(tree);
    }
    return trees;
  });

  readonly #inlinedNames = lazy((): readonly string[] => {
    const offsets = new Set<number>();
    for (const { names } of this.#trees()) for (const offset of names) offsets.add(offset);
    return [...offsets].map((offset) => this.#source.nameAt(offset));
  });
}

/** `mov rbp, rsp`. */
const MOVE_FRAME_POINTER = [0x48, 0x89, 0xe5];
/** `sub rsp, imm8` and `sub rsp, imm32`. */
const SUBS = [
  { bytes: [0x48, 0x83, 0xec], length: 4 },
  { bytes: [0x48, 0x81, 0xec], length: 7 },
];
const LONGEST_SUB = 7;

function stretchFinder(stretches: readonly Stretch[]): (offset: number) => number {
  return (offset) => {
    let low = 0;
    let high = stretches.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (stretches[middle]!.to <= offset) low = middle + 1;
      else high = middle;
    }
    const found = stretches[low];
    return found !== undefined && found.from <= offset ? found.node : -1;
  };
}
