// npm run demo [leaky-server | crash | race]: shows what Mattock does with one of the programs in examples/.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { crash } from './demos/crash.js';
import { leakyServer } from './demos/leaky-server.js';
import { race } from './demos/race.js';
import { ensureGo } from './ensure-go.js';

const DEMOS = { 'leaky-server': leakyServer, crash, race };

const wanted = process.argv[2] ?? 'leaky-server';
const demo = DEMOS[wanted];
if (demo === undefined) {
  console.error(`there is no demo ${wanted}; there are: ${Object.keys(DEMOS).join(', ')}`);
  process.exit(2);
}
const folder = mkdtempSync(path.join(tmpdir(), 'mattock-demo-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(130));
await demo(folder, ensureGo());
