// Probes that come and go in programs that do everything at once, for minutes: `npm run torture -- [seconds]` of each of
// them. Fails if one crashes, hangs, is left changed, or computes anything else than without probes.
import { spawnSync } from 'node:child_process';

const seconds = Number(process.argv[2] ?? 120);
if (!(seconds > 0)) {
  process.stderr.write('usage: npm run torture -- [seconds]\n');
  process.exit(2);
}
const { status } = spawnSync('npx', ['vitest', 'run', 'test/torture/torture.test.ts'], {
  stdio: 'inherit',
  env: { ...process.env, MATTOCK_TORTURE_SECONDS: String(seconds) },
});
process.exit(status ?? 1);
