export interface ReportOptions {
  /** Rows that a table has at most. */
  readonly rows: number;
  /** For the graph: nanoseconds since the trace began; undefined is its end. */
  readonly atNs: number | undefined;
}
