import { decodeText } from '../../base/index.ts';
import { procfs } from './procfs.ts';

/**
 * CLOCK_MONOTONIC as another process reads it: ours, and what its time namespace adds to it more than ours does.
 * /proc/PID/timens_offsets (time_namespaces(7)) is of the namespace for the children, in which the process is too as
 * soon as it has executed something.
 */
export function monotonicTime(pid: number): number {
  return Number(process.hrtime.bigint()) + offsetOf(pid) - offsetOf(process.pid);
}

/** A line is `monotonic   <seconds> <nanoseconds>`. A kernel without time namespaces has no such file: no offset. */
function offsetOf(pid: number): number {
  const text = procfs.file(pid, 'timens_offsets');
  const line = text && /^monotonic\s+(-?\d+)\s+(\d+)/m.exec(decodeText(text));
  return line === null || line === undefined ? 0 : Number(line[1]) * 1e9 + Number(line[2]);
}
