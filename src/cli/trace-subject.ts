import type { RecordingOptions } from '../engine/trace/recording.ts';
import type { TraceRecordOptions } from './trace-record-options.ts';

/** Whose life is to be recorded, as the engine has it: a program is started on our own standard streams. */
export const launchOf = (subject: TraceRecordOptions['subject']): RecordingOptions['subject'] =>
  subject.kind === 'attach'
    ? subject
    : {
        kind: 'launch',
        program: { path: subject.path },
        args: subject.args,
        // Ctrl-C is ours, the keys are the program's.
        terminal: { kind: 'files', newSession: true },
        fixedAddresses: false,
      };
