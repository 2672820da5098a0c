import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';

/** Bytes that both ends share: how many messages each has sent. */
export const LINE_BYTES = 2 * Int32Array.BYTES_PER_ELEMENT;

/**
 * One end of the messages between a session and its worker thread. Who has just asked or answered mostly hears from the
 * other at once: to wait for that blocked, for a moment, costs a third of going to sleep in the event loop and back.
 */
export class Line<Out, In> {
  readonly #port: MessagePort;
  readonly #sent: Int32Array;
  readonly #received: Int32Array;
  /** Messages that have come out at this end: as many as were sent, if there is none on its way. */
  #taken = 0;
  #listener: (message: In) => void = () => {};

  constructor(port: MessagePort, counts: SharedArrayBuffer, end: 'near' | 'far') {
    const words = [new Int32Array(counts, 0, 1), new Int32Array(counts, Int32Array.BYTES_PER_ELEMENT, 1)];
    this.#port = port;
    this.#sent = words[end === 'near' ? 0 : 1]!;
    this.#received = words[end === 'near' ? 1 : 0]!;
    port.on('message', (message: In) => {
      this.#taken = (this.#taken + 1) | 0;
      this.#listener(message);
    });
    // The near end does not outlive the worker.
    if (end === 'near') port.unref();
  }

  /** Who gets what comes while nobody takes it; instead of the listener before. */
  listen(listener: (message: In) => void): void {
    this.#listener = listener;
  }

  send(message: Out): void {
    this.#port.postMessage(message);
    Atomics.add(this.#sent, 0, 1);
    Atomics.notify(this.#sent, 0);
  }

  /** The next message; blocks for so many milliseconds if there is none yet. */
  take(patience: number): In | undefined {
    let until: number | undefined;
    for (;;) {
      const sent = Atomics.load(this.#received, 0);
      // A message is there before it is counted, so one that is counted is there.
      if (((sent - this.#taken) | 0) > 0) {
        const next = receiveMessageOnPort(this.#port);
        if (next !== undefined) {
          this.#taken = (this.#taken + 1) | 0;
          return next.message;
        }
      }
      // The clock is asked only where the wait was for nothing, which is seldom.
      const left = until === undefined ? patience : until - performance.now();
      if (left <= 0) return undefined;
      if (Atomics.wait(this.#received, 0, sent, left) === 'timed-out') return undefined;
      until ??= performance.now() + patience;
    }
  }
}
