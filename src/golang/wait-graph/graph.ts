/**
 * Who waits for whom. Goroutines wait for objects (a channel, a lock), objects are held or served by goroutines. Made
 * from a stopped program (`program-graph.ts`) or from a trace; everything here and in what reads it knows only these
 * types. Nodes and edges name each other by their index in `nodes`.
 *
 * What a debugger can know of this differs from edge to edge: that a goroutine is in the queue of a channel is a fact;
 * who will receive from it is a guess. Each edge says which, and how it is known; nothing downstream may forget it.
 */
export interface WaitGraph {
  readonly nodes: readonly WaitNode[];
  readonly edges: readonly WaitEdge[];
  /** What could not be looked at, in words. */
  readonly limits: readonly string[];
}

export type WaitNode = GoroutineNode | ObjectNode;

/** One goroutine, or several of which all that the graph says is the same. */
export interface GoroutineNode {
  readonly kind: 'goroutine';
  readonly goroutines: readonly number[];
  /** It cannot go on by itself. Not so: it runs, could run, sleeps, waits for IO or in a system call. */
  readonly blocked: boolean;
  /** "chan send", "running", "sleep". */
  readonly state: string;
  /** The longest of them, in nanoseconds. */
  readonly waited: number | undefined;
  readonly place: Place | undefined;
  /** The `go` statement. */
  readonly created: Place | undefined;
}

export interface Place {
  readonly function: string | undefined;
  readonly file: string | undefined;
  readonly line: number | undefined;
}

export type ObjectKind =
  | 'channel'
  | 'mutex'
  /** The two sides of an RWMutex: readers wait for a writer, a writer for readers. */
  | 'rwmutex-read'
  | 'rwmutex-write'
  | 'waitgroup'
  | 'cond'
  | 'semaphore';

export interface ObjectNode {
  readonly kind: ObjectKind;
  /** 0: a nil channel, or a select without cases. */
  readonly address: number;
  /** "chan int (0 of 5)", "Mutex": what is to be said besides the address. */
  readonly label: string;
  readonly outside: Outside;
}

/**
 * Whether somebody may serve the object who is not among those that its edges name, because he could still come by it
 * through the heap or a global variable.
 */
export type Outside =
  /** Nothing that lives leads to it: proved by a search of all memory that lives. */
  | 'none'
  /** Nothing does, if those that are likely to hold locks do hold them. */
  | 'likely-none'
  | 'some'
  /** Not searched for. */
  | 'unknown';

/** In falling order. */
export const CONFIDENCES = ['certain', 'likely', 'possible'] as const;
export type Confidence = (typeof CONFIDENCES)[number];

export interface WaitEdge {
  readonly from: number;
  readonly to: number;
  /** waits: goroutine → object. held, served: object → goroutine, who must let go of it, or may wake who waits. */
  readonly kind: 'waits' | 'held' | 'served';
  /** Of `waits`: "send", "receive", "lock", "read lock", "wait". */
  readonly operation?: string;
  readonly confidence: Confidence;
  /** "in the channel's queue", "has deferred its Unlock", "its stack leads to it". */
  readonly how: string;
}

export const isGoroutine = (node: WaitNode): node is GoroutineNode => node.kind === 'goroutine';
