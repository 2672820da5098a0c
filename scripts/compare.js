import { runTypeScript } from './run-typescript.js';

await runTypeScript('test/compare/main.ts');
