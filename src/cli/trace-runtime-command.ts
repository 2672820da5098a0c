import { UserError } from '../base/index.ts';
import { formatDuration } from '../commands/language/duration.ts';
import { GoTracer } from '../engine/trace/go-tracer.ts';
import { checkTraceFile, keepsGoTraces, writePrivateFile } from '../engine/trace/trace-file.ts';
import { bytesText } from '../trace/analysis/index.ts';
import { readGoTrace } from '../trace/go-format/index.ts';
import { keepTrace } from './keep-trace.ts';
import { untilSignal } from './recording-signals.ts';
import { writeError } from './standard-streams.ts';
import type { TraceRecordOptions } from './trace-record-options.ts';
import { processMeant } from './trace-subject.ts';

const LOOK_EVERY_MS = 20;

/** Records by Go's own tracer (`--engine=runtime`): it counts as a witness, not as a faster way. */
export async function recordByGoTracer(options: TraceRecordOptions, root: URL): Promise<void> {
  const { subject, output, duration } = options;
  if (subject.kind !== 'attach')
    throw new UserError("Go's own tracer is started in a program that runs", 'start it, and name it with -p');
  if (output === undefined || options.lines !== undefined)
    throw new UserError("Go's own tracer tells nothing while it goes on", 'name a file with -o');
  if (options.follow !== undefined)
    throw new UserError("Go's own tracer follows all goroutines", 'leave -g out');
  if (options.children === true)
    throw new UserError("Go's own tracer follows no children", 'leave --follow-child out');
  checkTraceFile(output);
  const bytes = await untilSignal(async (sent) => {
    const tracer = await GoTracer.start(processMeant(subject.pid));
    const end = performance.now() + (duration === undefined ? Infinity : duration / 1e6);
    while (sent() === undefined && performance.now() < end && !tracer.ended)
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    return tracer.stop();
  });
  const trace = readGoTrace(bytes, output);
  const goroutines = new Set(trace.events.goroutine);
  goroutines.delete(0);
  const length = formatDuration(trace.duration);
  writeError(
    `mattock: ${length}: ${trace.events.count} events of ${goroutines.size} goroutines, by Go's own tracer\n`,
  );
  for (const note of trace.notes) writeError(`mattock: ${note}\n`);
  if (!keepsGoTraces(output)) {
    keepTrace(output, trace, root);
    return;
  }
  // As it was written.
  writePrivateFile(output, bytes);
  writeError(`mattock: ${output} (Go execution trace, ${bytesText(bytes.length)})\n`);
}
