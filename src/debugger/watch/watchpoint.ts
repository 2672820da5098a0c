import type { Goid, RuntimeAddress, ThreadId } from '../../base/index.ts';
import type { Type } from '../../image/index.ts';

/** What is to be noticed. */
export interface WatchAccess {
  readonly read: boolean;
  readonly write: boolean;
  readonly execute: boolean;
}

/** Memory that is watched. */
export interface WatchedRange {
  readonly address: RuntimeAddress;
  readonly size: number;
}

/** What the user wants watched. */
export interface WatchRequest extends WatchedRange {
  /** What was typed. */
  readonly expression: string;
  readonly access: WatchAccess;
  /** Of what stands there; undefined: bytes. */
  readonly type: Type | undefined;
  /** In a frame of a goroutine, with which it moves and ends. */
  readonly stack?: StackPlace;
  /** Finds it in the process after a restart; undefined: it is not there. */
  readonly again?: () => WatchRequest | undefined;
  /** The memory is what a string, slice or interface refers to, which is there; `stack` is about it then. */
  readonly header?: HeaderPlace;
}

/** A variable whose first two words say what it refers to. */
export interface HeaderPlace {
  readonly address: RuntimeAddress;
  readonly type: Type;
}

/** A place in a goroutine's stack, which moves when it grows: by the distance from its upper end. */
export interface StackPlace {
  readonly goroutine: RuntimeAddress;
  readonly goid: Goid;
  readonly depth: number;
  /** Of the canonical frame address of the frame it is in. */
  readonly frameDepth: number;
  readonly returnAddress: RuntimeAddress;
  readonly function: string | undefined;
}

/** How a watch is kept: by the CPU, by the protection of pages, or by a trap (execution). */
export type WatchMeans = 'hardware' | 'pages' | 'trap';

/** What is known of a watch now. */
export interface WatchFacts extends WatchedRange {
  readonly expression: string;
  readonly access: WatchAccess;
  readonly type: Type | undefined;
  /** Undefined: it is switched off, or has ended. */
  readonly means: WatchMeans | undefined;
  /** Why it is not kept by the CPU, where that is not what was asked for. */
  readonly remark: string | undefined;
  /** Why it has ended. */
  readonly ended: string | undefined;
  readonly onStackOf: Goid | undefined;
}

/** Somebody wrote there. */
export interface Writer {
  readonly goid: Goid | undefined;
  readonly thread: ThreadId;
  /** Of the instruction. */
  readonly pc: RuntimeAddress;
}

/** A watch noticed something. */
export interface WatchHit {
  readonly watch: WatchFacts;
  /** Of `before` and `after`, where they are all of a value. */
  readonly type: Type | undefined;
  readonly access: 'read' | 'write' | 'read-write' | 'execute';
  /** The instruction; where the thread stands, if it cannot be told. */
  readonly pc: RuntimeAddress;
  /** Where the memory was then: a watch moves with a stack. */
  readonly address: RuntimeAddress;
  /** The part of the memory that is shown: all of it, or where it changed. */
  readonly offset: number;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  /** Who wrote what stood there before, if that was seen. */
  readonly writer: Writer | undefined;
  readonly remark: string | undefined;
}

export const describeAccess = ({ read, write, execute }: WatchAccess): string =>
  `${read ? 'r' : ''}${write ? 'w' : ''}${execute ? 'x' : ''}`;
