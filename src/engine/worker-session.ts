import { Worker } from 'node:worker_threads';
import type { Completion, Outcome, Write } from '../commands/index.ts';
import { ControlBlock } from './control-block.ts';
import type { Reply, Request, WorkerData } from './messages.ts';
import {
  type OpenOptions,
  type Progress,
  type RenderOptions,
  type SessionClient,
  SessionEnded,
  SessionError,
} from './session-client.ts';
import { wakeTracer } from './wake.ts';

/** How long a session may take to let go of what it has. */
const PATIENCE_MS = 5000;

interface Waiting {
  resolve(value: never): void;
  reject(error: Error): void;
}

export interface WorkerHooks {
  readonly progress?: Progress;
  /** The program has got a terminal of its own. */
  readonly onTerminal?: (descriptor: number) => void;
}

/** Starts a worker thread that opens the session. Fails with a SessionError. */
export function openInWorker(
  entry: URL,
  options: OpenOptions,
  hooks: WorkerHooks = {},
): Promise<WorkerSession> {
  const control = new ControlBlock();
  const data: WorkerData = { options, control: control.buffer };
  const worker = new Worker(entry, { workerData: data });
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => reject(error);
    const opening = (message: Reply): void => {
      if (message.kind === 'progress') hooks.progress?.(message.what, message.done, message.total);
      if (message.kind === 'terminal') hooks.onTerminal?.(message.descriptor);
      if (message.kind === 'failed') {
        void worker.terminate();
        reject(new SessionError(message.error));
      }
      if (message.kind !== 'opened') return;
      worker.off('message', opening);
      worker.off('error', fail);
      resolve(new WorkerSession(worker, control, message.warnings, hooks, 'live' in options));
    };
    worker.on('message', opening);
    worker.on('error', fail);
  });
}

/** The near end of a session in a worker thread. */
export class WorkerSession implements SessionClient {
  readonly warnings: readonly string[];
  readonly #worker: Worker;
  readonly #control: ControlBlock;
  readonly #hooks: WorkerHooks;
  /** A program is traced: it must be let go of. */
  readonly #live: boolean;
  readonly #waiting = new Map<number, Waiting>();
  #write: Write | undefined;
  /** Pieces are shown one after the other, though showing one may wait for the reader of a page. */
  #shown: Promise<void> = Promise.resolve();
  #lastId = 0;
  #closed: ((warnings: readonly string[]) => void) | undefined;

  constructor(
    worker: Worker,
    control: ControlBlock,
    warnings: readonly string[],
    hooks: WorkerHooks,
    live: boolean,
  ) {
    this.#worker = worker;
    this.#control = control;
    this.#live = live;
    this.warnings = warnings;
    this.#hooks = hooks;
    worker.on('message', (message: Reply) => this.#receive(message));
    worker.on('error', (error: Error) => this.#end(error));
    worker.on('exit', () => this.#end(new SessionEnded()));
  }

  async execute(line: string, options: RenderOptions, write: Write): Promise<Outcome> {
    this.#control.cancelled = false;
    this.#write = write;
    const outcome = await this.#ask<Outcome>((id) => ({ kind: 'execute', id, line, options }));
    await this.#shown;
    return outcome;
  }

  complete(line: string): Promise<Completion> {
    return this.#ask<Completion>((id) => ({ kind: 'complete', id, line }));
  }

  cancel(): void {
    this.#control.cancelled = true;
    const { running } = this.#control;
    if (running !== 0) wakeTracer(running);
  }

  get running(): boolean {
    return this.#control.running !== 0;
  }

  async close(): Promise<readonly string[]> {
    const warnings = this.#live ? await this.#letGo() : [];
    await this.#worker.terminate();
    return warnings;
  }

  abandon(): void {
    if (!this.#live) return;
    this.cancel();
    this.#send({ kind: 'close', leave: true });
    this.#control.waitClosed(PATIENCE_MS);
  }

  async #letGo(): Promise<readonly string[]> {
    this.cancel();
    const closed = new Promise<readonly string[]>((resolve) => {
      this.#closed = resolve;
    });
    this.#send({ kind: 'close', leave: false });
    const patience = new Promise<readonly string[]>((resolve) =>
      setTimeout(() => resolve([]), PATIENCE_MS).unref(),
    );
    return Promise.race([closed, patience]);
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
        this.#hooks.progress?.(message.what, message.done, message.total);
        break;
      case 'executed': {
        const { text } = message;
        if (text !== '') this.#shown = this.#shown.then(() => this.#write?.(text, true));
        this.#answer(message.id, message.outcome);
        break;
      }
      case 'terminal':
        this.#hooks.onTerminal?.(message.descriptor);
        break;
      case 'closed':
        this.#closed?.(message.warnings);
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
    await this.#write?.(text, false);
    this.#send({ kind: 'shown' });
  }

  #send(request: Request): void {
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
