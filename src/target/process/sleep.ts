const nobody = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/** Blocks this thread, which is the tracer and has nothing else to do. */
export function sleep(milliseconds: number): void {
  Atomics.wait(nobody, 0, 0, milliseconds);
}
