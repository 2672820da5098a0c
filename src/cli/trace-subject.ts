import type { RecordingOptions } from '../engine/trace/recording.ts';
import { meantProcess } from './go-tool.ts';
import { programPath } from './program-path.ts';
import { writeError } from './standard-streams.ts';

/** What every recording is told. */
export interface RecordingRequest {
  readonly subject:
    | { readonly kind: 'attach'; readonly pid: number }
    | { readonly kind: 'launch'; readonly path: string; readonly args: readonly string[] };
  /** Nanoseconds; until it is interrupted, or the program ends, without it. */
  readonly duration: number | undefined;
  readonly lossless: boolean;
}

/** The process that is meant by one that was named; that it is another one is said. */
export function processMeant(named: number): number {
  const { pid, instead } = meantProcess(named);
  if (instead !== undefined) writeError(`mattock: ${instead}\n`);
  return pid;
}

/** Whose life is to be recorded, as the engine has it: a program is started on our own standard streams. */
export const launchOf = (subject: RecordingRequest['subject']): RecordingOptions['subject'] =>
  subject.kind === 'attach'
    ? { kind: 'attach', pid: processMeant(subject.pid) }
    : {
        kind: 'launch',
        program: { path: programPath(subject.path) },
        args: subject.args,
        // Ctrl-C is ours, the keys are the program's.
        terminal: { kind: 'files', newSession: true },
        fixedAddresses: false,
      };
