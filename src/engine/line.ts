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
  #listener: (message: In) => void = () => {};

  constructor(port: MessagePort, counts: SharedArrayBuffer, end: 'near' | 'far') {
    const words = [new Int32Array(counts, 0, 1), new Int32Array(counts, Int32Array.BYTES_PER_ELEMENT, 1)];
    this.#port = port;
    this.#sent = words[end === 'near' ? 0 : 1]!;
    this.#received = words[end === 'near' ? 1 : 0]!;
    port.on('message', (message: In) => this.#listener(message));
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

  /** The next message; blocks until there is one, or until performance.now() is `until`. */
  take(until: number): In | undefined {
    for (;;) {
      const before = Atomics.load(this.#received, 0);
      const next = receiveMessageOnPort(this.#port);
      if (next !== undefined) return next.message;
      const left = until - performance.now();
      if (left <= 0 || Atomics.wait(this.#received, 0, before, left) === 'timed-out') return undefined;
    }
  }
}
