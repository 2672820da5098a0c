/** All of them end the recording, and none the program: the probes are taken out, and what came is kept. */
const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/** Does something that a signal asks to end: from the first moment, for we must not end while probes are in a program. */
export async function untilSignal<T>(work: (interrupted: () => boolean) => Promise<T>): Promise<T> {
  let interrupted = false;
  const interrupt = (): void => {
    interrupted = true;
  };
  for (const signal of ENDING_SIGNALS) process.on(signal, interrupt);
  try {
    return await work(() => interrupted);
  } finally {
    for (const signal of ENDING_SIGNALS) process.removeListener(signal, interrupt);
  }
}
