/** A background mark worker, by where it began: what our probes name is the closure of the `go` statement. */
export const isMarkWorker = (entry: string | undefined): boolean =>
  entry === 'runtime.gcBgMarkWorker' || entry?.startsWith('runtime.gcBgMarkStartWorkers.') === true;
