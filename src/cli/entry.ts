/** What the bundle exports to bin/: the command line for the main thread, the session's owner for the worker. */
export { main } from './main.ts';

export const serve = async (atEnd: () => void): Promise<void> =>
  (await import('../engine/worker.ts')).serve(atEnd);
