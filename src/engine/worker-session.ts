import { Worker } from 'node:worker_threads';
import type { Completion, Outcome, Write } from '../commands/index.ts';
import type { Reply, Request, WorkerData } from './messages.ts';
import {
  type OpenOptions,
  type Progress,
  type RenderOptions,
  type SessionClient,
  SessionEnded,
  SessionError,
} from './session-client.ts';

interface Waiting {
  resolve(value: never): void;
  reject(error: Error): void;
}

/** Starts a worker thread that opens the session. Fails with a SessionError. */
export function openInWorker(
  entry: URL,
  options: OpenOptions,
  hooks: { readonly progress?: Progress } = {},
): Promise<WorkerSession> {
  const cancelFlag = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const data: WorkerData = { options, cancelFlag };
  const worker = new Worker(entry, { workerData: data });
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => reject(error);
    const opening = (message: Reply): void => {
      if (message.kind === 'progress') hooks.progress?.(message.what, message.done, message.total);
      if (message.kind === 'failed') {
        void worker.terminate();
        reject(new SessionError(message.error));
      }
      if (message.kind !== 'opened') return;
      worker.off('message', opening);
      worker.off('error', fail);
      resolve(new WorkerSession(worker, new Int32Array(cancelFlag), message.warnings, hooks.progress));
    };
    worker.on('message', opening);
    worker.on('error', fail);
  });
}

/** The near end of a session in a worker thread. */
export class WorkerSession implements SessionClient {
  readonly warnings: readonly string[];
  readonly #worker: Worker;
  readonly #cancelFlag: Int32Array;
  readonly #progress: Progress | undefined;
  readonly #waiting = new Map<number, Waiting>();
  #write: Write | undefined;
  /** Pieces are shown one after the other, though showing one may wait for the reader of a page. */
  #shown: Promise<void> = Promise.resolve();
  #lastId = 0;

  constructor(
    worker: Worker,
    cancelFlag: Int32Array,
    warnings: readonly string[],
    progress: Progress | undefined,
  ) {
    this.#worker = worker;
    this.#cancelFlag = cancelFlag;
    this.warnings = warnings;
    this.#progress = progress;
    worker.on('message', (message: Reply) => this.#receive(message));
    worker.on('error', (error: Error) => this.#end(error));
    worker.on('exit', () => this.#end(new SessionEnded()));
  }

  async execute(line: string, options: RenderOptions, write: Write): Promise<Outcome> {
    Atomics.store(this.#cancelFlag, 0, 0);
    this.#write = write;
    const outcome = await this.#ask<Outcome>((id) => ({ kind: 'execute', id, line, options }));
    await this.#shown;
    return outcome;
  }

  complete(line: string): Promise<Completion> {
    return this.#ask<Completion>((id) => ({ kind: 'complete', id, line }));
  }

  cancel(): void {
    Atomics.store(this.#cancelFlag, 0, 1);
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #ask<T>(request: (id: number) => Request): Promise<T> {
    const id = ++this.#lastId;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage(request(id));
    });
  }

  #receive(message: Reply): void {
    switch (message.kind) {
      case 'output':
        this.#shown = this.#shown.then(() => this.#show(message.text));
        break;
      case 'progress':
        this.#progress?.(message.what, message.done, message.total);
        break;
      case 'executed':
        this.#answer(message.id, message.outcome);
        break;
      case 'completed':
        this.#answer(message.id, message.completion);
        break;
      default:
        // Opening is over.
        break;
    }
  }

  async #show(text: string): Promise<void> {
    await this.#write?.(text);
    const request: Request = { kind: 'shown' };
    this.#worker.postMessage(request);
  }

  #answer(id: number, value: Outcome | Completion): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    waiting?.resolve(value as never);
  }

  #end(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
