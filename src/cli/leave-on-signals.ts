import type { SessionClient } from '../engine/index.ts';

/** Whatever ends this process, the program that it debugs goes on as it was. Gives how to take that back. */
export function leaveOnSignals(session: SessionClient): () => void {
  const leave = (): void => session.abandon();
  const signals = ['SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
  const handlers = signals.map((signal) => {
    const handler = (): void => {
      session.abandon();
      process.removeListener('exit', leave);
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    };
    process.on(signal, handler);
    return [signal, handler] as const;
  });
  process.on('exit', leave);
  return () => {
    process.removeListener('exit', leave);
    for (const [signal, handler] of handlers) process.removeListener(signal, handler);
  };
}
