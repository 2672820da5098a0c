import { runTypeScript } from '../scripts/run-typescript.js';

await runTypeScript('bench/trace.ts');
