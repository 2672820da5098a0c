/** All of them end the recording, and none the program: the probes are taken out, and what came is kept. */
const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/**
 * Does something that a signal asks to end: from the first moment, for we must not end while probes are in a program.
 * `sent` is the signal that has come last.
 */
export async function untilSignal<T>(
  work: (sent: () => NodeJS.Signals | undefined) => Promise<T>,
): Promise<T> {
  let signal: NodeJS.Signals | undefined;
  const interrupt = (which: NodeJS.Signals): void => {
    signal = which;
  };
  for (const each of ENDING_SIGNALS) process.on(each, interrupt);
  try {
    return await work(() => signal);
  } finally {
    for (const each of ENDING_SIGNALS) process.removeListener(each, interrupt);
  }
}
