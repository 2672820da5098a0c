/**
 * What a call probe writes behind commit word, time and kind (src/probe/ring-layout.ts), by byte offset. How many grains
 * of 64 bytes it takes stands in byte 17.
 *
 *   18  how many records had been dropped before, by anybody: the low 16 bits. Two records of a goroutine between which it
 *       is the same follow each other (65,536 drops or a multiple, to one, would go unnoticed)
 *   20  number of the function
 *   24  id of the goroutine, 0 on a thread's own stack
 *   32  distance of RSP from the upper end of the stack: the same at a call and its return, and when the stack has moved
 *   36  m.procid
 *   40  what the function's layout says
 */
export const CALL_RECORD = {
  grains: 17,
  function: 20,
  goroutine: 24,
  depth: 32,
  thread: 36,
  values: 40,
} as const;

/** Where in the word of the kind the dropped records are counted. */
export const DROPPED_SHIFT = 16;

/** Kinds of records, beside those of `../recording/record.ts`. */
export const CALL_KIND = {
  call: 32,
  return: 33,
  /** gopanic: frames may be left without returning. */
  panic: 34,
  /** goexit1: the goroutine ends, and with it all its calls. */
  end: 35,
  /** A goroutine enters a function whose goroutines are followed. */
  enter: 36,
} as const;

export const isCallKind = (kind: number): boolean => kind >= CALL_KIND.call && kind <= CALL_KIND.enter;
