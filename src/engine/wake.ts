import { isSystemError } from './node-host.ts';

/**
 * Wakes the tracer of a process that runs: a stop signal of ours is seen by the tracer and never reaches the program
 * (trace-loop.ts knows us by our process id).
 */
export function wakeTracer(pid: number): void {
  try {
    process.kill(pid, 'SIGSTOP');
  } catch (error) {
    // It has just ended.
    if (!isSystemError(error)) throw error;
  }
}
