// Commands by chance on a program that runs, for two minutes or more: `npm run stress -- [seed] [seconds]`. Fails if a
// byte of its text is left changed, or if it computes anything else than without a debugger.
import { spawnSync } from 'node:child_process';

const LEAST_SECONDS = 120;
const number = (text, fallback) => (text === undefined ? fallback : Number(text));
const seed = number(process.argv[2], Date.now() % 2 ** 31);
const seconds = number(process.argv[3], LEAST_SECONDS);

if (!Number.isInteger(seed) || !(seconds >= LEAST_SECONDS)) {
  process.stderr.write(`usage: npm run stress -- [seed] [seconds, ${LEAST_SECONDS} or more]\n`);
  process.exit(2);
}
process.stdout.write(`seed ${seed}, ${seconds} seconds\n`);
const { status } = spawnSync('npx', ['vitest', 'run', 'test/live/stress.test.ts'], {
  stdio: 'inherit',
  env: {
    ...process.env,
    MATTOCK_STRESS_SEED: String(seed),
    MATTOCK_STRESS_SECONDS: String(seconds),
  },
});
process.exit(status ?? 1);
