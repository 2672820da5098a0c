import type { ArchName } from '../arch/index.ts';
import type { ByteSource, LinkedAddress, Platform } from '../base/index.ts';
import type { DebugInfo } from './debug-info.ts';
import type { FrameTable, FunctionTable, SymbolTable } from './function-table.ts';

/**
 * What a binary says. Opening reads headers only; each part is read when it is first asked for, and what is
 * damaged throws a DataError there and nowhere else. All addresses are linked ones.
 */
export interface Image {
  readonly name: string;
  readonly arch: ArchName;
  readonly positionIndependent: boolean;
  /** GNU build id in hex (NT_GNU_BUILD_ID), and Go's own (section .note.go.buildid). */
  readonly buildId: string | undefined;
  readonly goBuildId: string | undefined;
  /** Version, main package, dependencies and settings (`go version -m`), or undefined: not a Go program. */
  readonly buildInfo: BuildInfo | undefined;
  readonly sections: readonly Section[];
  readonly segments: readonly Segment[];
  readonly entryPoint: LinkedAddress;
  readonly functions: FunctionTable | undefined;
  readonly symbols: SymbolTable;
  readonly frames: FrameTable;
  /** undefined: stripped (-s -w). */
  readonly debugInfo: DebugInfo | undefined;
  section(name: string): Section | undefined;
  /** A section's contents, inflated if it is compressed; undefined if there is none. Kept only by the caller. */
  sectionBytes(name: string): Uint8Array | undefined;
  /** File-backed bytes at a linked address (from PT_LOAD segments; bss gives zeros): up to `length`, maybe none. */
  bytesAt(address: LinkedAddress, length: number): Uint8Array;
  /** The same with the pointers in it, linked addresses, that a position-independent program is given as it starts. */
  pointersAt(address: LinkedAddress, length: number): Uint8Array;
}

export interface Section {
  readonly name: string;
  readonly address: LinkedAddress;
  /** Size in memory or, for a compressed section, of the inflated contents. */
  readonly size: number;
  readonly fileOffset: number;
  readonly fileSize: number;
  readonly compression: 'none' | 'zlib' | 'zstd';
  readonly allocated: boolean;
}

/** A PT_LOAD program header. */
export interface Segment {
  readonly address: LinkedAddress;
  readonly memorySize: number;
  readonly fileOffset: number;
  readonly fileSize: number;
  readonly readable: boolean;
  readonly writable: boolean;
  readonly executable: boolean;
}

export interface BuildInfo {
  /** `go1.26.8`, with experiments: `go1.22.1 X:rangefunc`. */
  readonly goVersion: string;
  readonly path: string | undefined;
  readonly mainModule: { readonly path: string; readonly version: string } | undefined;
  readonly dependencies: readonly { readonly path: string; readonly version: string }[];
  /** `-ldflags`, `GOARCH`, `CGO_ENABLED`, `vcs.revision`… */
  readonly settings: ReadonlyMap<string, string>;
}

/** Implemented by `openImage` in open-image.ts. */
export type OpenImage = (source: ByteSource, platform: Platform) => Image;
