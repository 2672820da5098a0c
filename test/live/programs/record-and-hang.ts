// Begins to record the process that its argument names, its goroutines or calls of the functions of a pattern, says so,
// and does nothing more until it is killed.
import { CallRecording } from '../../../src/engine/trace/call-recording.ts';
import { Recording } from '../../../src/engine/trace/recording.ts';
import { namePattern } from '../../../src/trace/calls/name-pattern.ts';

const [pid, calls] = process.argv.slice(2);
const order = { subject: { kind: 'attach', pid: Number(pid) }, lossless: true } as const;
if (calls === undefined) await Recording.start(order);
else {
  const request = { pattern: namePattern(calls), followCalls: 0, frames: 0 };
  await CallRecording.start({ ...order, request, values: false });
}
process.stdout.write('recording\n');
setInterval(() => undefined, 1000);
