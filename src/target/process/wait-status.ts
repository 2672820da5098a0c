import type { ProcessEnd } from '../live.ts';

/** A status of waitpid(2), taken apart (bits/waitstatus.h; ptrace(2) for the events in bits 16 to 23). */
export const hasExited = (status: number): boolean => (status & 0x7f) === 0;
export const exitStatus = (status: number): number => (status >> 8) & 0xff;
export const wasKilled = (status: number): boolean => (status & 0x7f) !== 0 && (status & 0xff) !== 0x7f;
export const killingSignal = (status: number): number => status & 0x7f;
/** WCOREDUMP */
const hasDumped = (status: number): boolean => (status & 0x80) !== 0;
export const isStopped = (status: number): boolean => (status & 0xff) === 0x7f;
export const stopSignal = (status: number): number => (status >> 8) & 0xff;
export const ptraceEvent = (status: number): number => (status >> 16) & 0xff;

/** Of a process that is no more. */
export const processEnd = (status: number): ProcessEnd =>
  hasExited(status)
    ? { kind: 'exited', status: exitStatus(status) }
    : { kind: 'killed', signal: killingSignal(status), ...(hasDumped(status) ? { dumped: true } : {}) };
