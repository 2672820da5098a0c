import { setFlagsFromString } from 'node:v8';
import { MessageChannel, Worker } from 'node:worker_threads';
import type { Completion, Outcome, Write } from '../commands/index.ts';
import { ControlBlock } from './control-block.ts';
import { LINE_BYTES, Line } from './line.ts';
import { type PlainReply, type Reply, type Request, readReply, type WorkerData } from './messages.ts';
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
/** A command that is over sooner is waited for blocked: nobody notices, and a program that steps is done sooner. */
const AT_ONCE_MS = 2;

/**
 * A session makes much that is void at the next stop. With V8's one megabyte for what is young, a worker spends a fifth
 * of its time on moving that; so much is what a hundred steps leave behind.
 */
const YOUNG_MB = 4;

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
  const { port1, port2 } = new MessageChannel();
  const counts = new SharedArrayBuffer(LINE_BYTES);
  const line: NearEnd = new Line(port1, counts, 'near');
  const data: WorkerData = { options, control: control.buffer, port: port2, counts };
  setFlagsFromString(`--min-semi-space-size=${YOUNG_MB}`);
  const worker = new Worker(entry, { workerData: data, transferList: [port2] });
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => reject(error);
    const opening = (received: Reply | PlainReply): void => {
      const message = readReply(received);
      if (message.kind === 'progress') hooks.progress?.(message.what, message.done, message.total);
      if (message.kind === 'terminal') hooks.onTerminal?.(message.descriptor);
      if (message.kind === 'failed') {
        void worker.terminate();
        reject(new SessionError(message.error));
      }
      if (message.kind !== 'opened') return;
      worker.off('error', fail);
      resolve(new WorkerSession({ worker, control, line }, message.warnings, hooks, 'live' in options));
    };
    line.listen(opening);
    worker.on('error', fail);
  });
}

/** Undefined: it was done at once. */
function settled(action: () => void | Promise<void>): Promise<void> | undefined {
  try {
    return action() ?? undefined;
  } catch (error) {
    return Promise.reject(error);
  }
}

type NearEnd = Line<Request, Reply | PlainReply>;

interface Connection {
  readonly worker: Worker;
  readonly control: ControlBlock;
  readonly line: NearEnd;
}

/** The near end of a session in a worker thread. */
export class WorkerSession implements SessionClient {
  readonly warnings: readonly string[];
  readonly #worker: Worker;
  readonly #control: ControlBlock;
  readonly #line: NearEnd;
  readonly #hooks: WorkerHooks;
  /** A program is traced: it must be let go of. */
  readonly #live: boolean;
  readonly #waiting = new Map<number, Waiting>();
  #write: Write | undefined;
  /** Pieces are shown one after the other, though showing one may wait for the reader of a page; undefined: all are. */
  #shown: Promise<void> | undefined;
  #lastId = 0;
  #closed: ((warnings: readonly string[]) => void) | undefined;

  constructor(
    { worker, control, line }: Connection,
    warnings: readonly string[],
    hooks: WorkerHooks,
    live: boolean,
  ) {
    this.#worker = worker;
    this.#control = control;
    this.#line = line;
    this.#live = live;
    this.warnings = warnings;
    this.#hooks = hooks;
    line.listen((message) => this.#receive(readReply(message)));
    worker.on('error', (error: Error) => this.#end(error));
    worker.on('exit', () => this.#end(new SessionEnded()));
  }

  async execute(line: string, options: RenderOptions, write: Write): Promise<Outcome> {
    this.#control.cancelled = false;
    this.#write = write;
    const id = ++this.#lastId;
    this.#send({ kind: 'execute', id, line, options });
    const outcome = this.#takeSoon(id) ?? (await this.#answerTo<Outcome>(id));
    if (this.#shown !== undefined) await this.#shown;
    return outcome;
  }

  /** Takes what comes at once, up to the answer; undefined: it does not. */
  #takeSoon(id: number): Outcome | undefined {
    let until: number | undefined;
    for (let patience = AT_ONCE_MS; patience > 0; patience = until - performance.now()) {
      const taken = this.#line.take(patience);
      if (taken === undefined) return undefined;
      const message = readReply(taken);
      if (message.kind === 'executed' && message.id === id) {
        this.#showLast(message.text);
        return message.outcome;
      }
      this.#receive(message);
      until ??= performance.now() + AT_ONCE_MS;
    }
    return undefined;
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
    this.#send(request(id));
    return this.#answerTo<T>(id);
  }

  #answerTo<T>(id: number): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
    });
  }

  #receive(message: Reply): void {
    switch (message.kind) {
      case 'output':
        this.#then(() => this.#show(message.text));
        break;
      case 'progress':
        this.#hooks.progress?.(message.what, message.done, message.total);
        break;
      case 'executed':
        this.#showLast(message.text);
        this.#answer(message.id, message.outcome);
        break;
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

  /** With the answer: nothing is to be said of it. */
  #showLast(text: string): void {
    if (text !== '') this.#then(() => this.#write?.(text, true));
  }

  /** Does something when what came before has been shown: at once, mostly. */
  #then(show: () => void | Promise<void>): void {
    const shown = this.#shown === undefined ? settled(show) : this.#shown.then(show);
    this.#shown = shown;
    // A failure stays, for whoever waits for the answer.
    const over = (): void => {
      if (this.#shown === shown) this.#shown = undefined;
    };
    shown?.then(over, () => {});
  }

  async #show(text: string): Promise<void> {
    await this.#write?.(text, false);
    this.#send({ kind: 'shown' });
  }

  #send(request: Request): void {
    this.#line.send(request);
  }

  #answer(id: number, value: Outcome | Completion): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    waiting?.resolve(value as never);
  }

  #end(error: Error): void {
    // What it said at last.
    for (let last = this.#line.take(0); last !== undefined; last = this.#line.take(0))
      this.#receive(readReply(last));
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
