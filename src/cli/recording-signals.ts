/** All of them end the recording, and none the program: the probes are taken out, and what came is kept. */
const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/**
 * Does something that a signal asks to end: from the first moment, for we must not end while probes are in a program.
 * `sent` is the signal that has come last, `count` how many have come.
 */
export async function untilSignal<T>(
  work: (sent: () => NodeJS.Signals | undefined, count: () => number) => Promise<T>,
): Promise<T> {
  let signal: NodeJS.Signals | undefined;
  let count = 0;
  const interrupt = (which: NodeJS.Signals): void => {
    signal = which;
    count++;
  };
  for (const each of ENDING_SIGNALS) process.on(each, interrupt);
  try {
    return await work(
      () => signal,
      () => count,
    );
  } finally {
    for (const each of ENDING_SIGNALS) process.removeListener(each, interrupt);
  }
}
