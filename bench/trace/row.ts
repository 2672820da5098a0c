/** One number of a row. */
export interface Finding {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** At most. */
  readonly goal?: number;
}

/** One line of the table of `npm run bench:trace`. */
export interface TraceRow {
  readonly name: string;
  /** What it tells, for --list. */
  readonly about: string;
  /** How often it is measured, without --repetitions. */
  readonly repetitions: number;
  measure(repetitions: number): Promise<readonly Finding[]>;
}
