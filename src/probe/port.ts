/** What probes need of a program of which one thread is stopped at least. */
export interface ProbeTarget {
  /** Those that are stopped. */
  readonly threads: readonly ProbeThread[];
  read(address: number, length: number): Uint8Array;
  /** Fills `into`. */
  readInto(address: number, into: Uint8Array): void;
  /** Text too. */
  write(address: number, bytes: Uint8Array): void;
  /** Mappings in order of addresses. */
  readonly mapped: readonly { readonly start: number; readonly end: number }[];
  /** One system call; −errno if it fails. */
  systemCall(number: number, args: readonly number[]): number;
}

export interface ProbeThread {
  readonly id: number;
  readonly pc: number;
  readonly sp: number;
  /** Whether it blocks signals, as in a handler: then what it interrupted stands on its stack. */
  readonly blocksSignals: boolean;
  moveTo(pc: number): void;
}

/** The memfd of the ring, as seen from outside. */
export interface RingFile {
  /** How many bytes came. */
  read(offset: number, into: Uint8Array): number;
  write(offset: number, bytes: Uint8Array): void;
}
