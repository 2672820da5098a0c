import { describeSignal, type ProcessEnd } from '../target/index.ts';
import { isTerminal, writeError } from './standard-streams.ts';

const LOOK_EVERY_MS = 20;

/** A program that was started to be recorded. */
export interface StartedProgram {
  readonly pid: number;
  readonly ended: boolean;
}

/**
 * What becomes of a program that Mattock started when a signal ends the recording. Ctrl-C asks, if there is a terminal to
 * ask on; every other signal, and Ctrl-C without a terminal, goes on to the program: whoever sent it knows one process only.
 */
export async function takeLeave(program: StartedProgram, signal: NodeJS.Signals): Promise<void> {
  if (program.ended) return;
  if (signal !== 'SIGINT' || !isTerminal(0) || !isTerminal(2)) {
    writeError(`mattock: ${signal} goes on to the program, process ${program.pid}\n`);
    process.kill(program.pid, signal);
    return;
  }
  writeError(`mattock: the program goes on, as process ${program.pid}. End it? [Y/n] `);
  if (!(await answersYes(program))) {
    writeError(`mattock: process ${program.pid} goes on; kill ${program.pid} ends it\n`);
    return;
  }
  await end(program);
}

/** Also when Ctrl-C comes once more, or the program ends by itself. Nothing to read is a no. */
async function answersYes(program: StartedProgram): Promise<boolean> {
  const { stdin } = process;
  let answer: string | undefined;
  const read = (piece: Buffer): void => {
    answer = piece.toString();
  };
  const close = (): void => {
    answer = 'n';
  };
  const interrupted = (): void => {
    answer = 'y';
    writeError('\n');
  };
  stdin.on('data', read).on('end', close);
  process.on('SIGINT', interrupted);
  try {
    await until(() => answer !== undefined || program.ended);
  } finally {
    stdin.off('data', read).off('end', close);
    process.removeListener('SIGINT', interrupted);
    stdin.pause();
  }
  if (answer === undefined) writeError('\n');
  return !/^\s*n/i.test(answer ?? 'y');
}

/** As Ctrl-C does, and without mercy when it comes once more. */
async function end(program: StartedProgram): Promise<void> {
  if (program.ended) return;
  let signal: NodeJS.Signals = 'SIGINT';
  const insist = (): void => {
    signal = 'SIGKILL';
    process.kill(program.pid, signal);
  };
  process.on('SIGINT', insist);
  try {
    process.kill(program.pid, signal);
    writeError(`mattock: process ${program.pid} is asked to end; Ctrl-C once more kills it\n`);
    await until(() => program.ended);
  } finally {
    process.removeListener('SIGINT', insist);
  }
}

/** As shells have it: 128 and the signal. */
const BY_SIGNAL = 128;

/**
 * Tells how a program ended that Mattock started. The exit status is the program's, as with `time` and `strace`: whoever
 * started both knows the one.
 */
export function tellEnd(end: ProcessEnd | undefined): number {
  switch (end?.kind) {
    case 'exited':
      writeError(`mattock: the program exited with status ${end.status}\n`);
      return end.status;
    case 'killed': {
      const { name, meaning } = describeSignal(end.signal);
      writeError(`mattock: the program was ended by ${name} (${meaning})\n`);
      return BY_SIGNAL + end.signal;
    }
    default:
      return 0;
  }
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
}
