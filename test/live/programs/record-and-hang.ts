// Begins to record the process that its argument names, says so, and does nothing more until it is killed.
import { Recording } from '../../../src/engine/trace/recording.ts';

await Recording.start({ subject: { kind: 'attach', pid: Number(process.argv[2]) }, lossless: true });
process.stdout.write('recording\n');
setInterval(() => undefined, 1000);
