import type { Completion, ErrorFacts, Outcome } from '../commands/index.ts';
import type { OpenOptions, RenderOptions } from './session-client.ts';

/** How a worker is started. */
export interface WorkerData {
  readonly options: OpenOptions;
  /** One Int32: not 0 asks the running command to stop. It reaches the worker while it is computing. */
  readonly cancelFlag: SharedArrayBuffer;
}

export type Request =
  | { readonly kind: 'execute'; readonly id: number; readonly line: string; readonly options: RenderOptions }
  | { readonly kind: 'complete'; readonly id: number; readonly line: string }
  /** A piece of output has been shown. */
  | { readonly kind: 'shown' };

export type Reply =
  | { readonly kind: 'opened'; readonly warnings: readonly string[] }
  | { readonly kind: 'failed'; readonly error: ErrorFacts }
  | { readonly kind: 'output'; readonly text: string }
  | { readonly kind: 'progress'; readonly what: string; readonly done: number; readonly total: number }
  | { readonly kind: 'executed'; readonly id: number; readonly outcome: Outcome }
  | { readonly kind: 'completed'; readonly id: number; readonly completion: Completion };
