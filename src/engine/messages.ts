import type { MessagePort } from 'node:worker_threads';
import type { Completion, ErrorFacts, Outcome } from '../commands/index.ts';
import type { OpenOptions, RenderOptions } from './session-client.ts';

/** How a worker is started. */
export interface WorkerData {
  readonly options: OpenOptions;
  /** Of a ControlBlock. */
  readonly control: SharedArrayBuffer;
  /** Of a Line. */
  readonly port: MessagePort;
  readonly counts: SharedArrayBuffer;
}

export type Request =
  | { readonly kind: 'execute'; readonly id: number; readonly line: string; readonly options: RenderOptions }
  | { readonly kind: 'complete'; readonly id: number; readonly line: string }
  /** A piece of output has been shown. */
  | { readonly kind: 'shown' }
  /** The end: `leave` lets a program run on that would be ended otherwise. */
  | { readonly kind: 'close'; readonly leave: boolean };

/** The answer to `execute` where it ended as most do (without error, end of the program or of the session, or anything to be edited): its id and the last piece of output, as one string. */
export type PlainReply = string;

const PLAIN: Outcome = {
  error: undefined,
  ok: true,
  exit: false,
  repeats: true,
  ended: undefined,
  edit: undefined,
};

/** A string is sent and received for half of what an object costs, and who steps waits for that. */
export function executedReply(id: number, outcome: Outcome, text: string): Reply | PlainReply {
  const { error, ok, exit, repeats, ended, edit } = outcome;
  const isPlain = ok && repeats && !exit && error === undefined && ended === undefined && edit === undefined;
  return isPlain ? `${id} ${text}` : { kind: 'executed', id, outcome, text };
}

export function readReply(message: Reply | PlainReply): Reply {
  if (typeof message !== 'string') return message;
  const end = message.indexOf(' ');
  const id = Number(message.slice(0, end));
  return { kind: 'executed', id, outcome: PLAIN, text: message.slice(end + 1) };
}

export type Reply =
  | { readonly kind: 'opened'; readonly warnings: readonly string[] }
  /** The program has a terminal of its own: this process's descriptor of its near end. */
  | { readonly kind: 'terminal'; readonly descriptor: number }
  | { readonly kind: 'failed'; readonly error: ErrorFacts }
  | { readonly kind: 'output'; readonly text: string }
  | { readonly kind: 'progress'; readonly what: string; readonly done: number; readonly total: number }
  /** With the last piece of output: one message less for whoever waits. */
  | { readonly kind: 'executed'; readonly id: number; readonly outcome: Outcome; readonly text: string }
  | { readonly kind: 'completed'; readonly id: number; readonly completion: Completion }
  | { readonly kind: 'closed'; readonly warnings: readonly string[] };
