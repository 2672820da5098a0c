// Verifies what is assumed of Go's runtime against Go's sources: `npm run check:runtime [-- go1.22.12 …]`.
import { runTypeScript } from './run-typescript.js';

await runTypeScript('scripts/runtime/check.ts');
