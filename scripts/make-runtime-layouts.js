// Writes src/golang/runtime-facts/known-layouts.ts from the DWARF of tiny programs, one for each Go that can be had.
import { runTypeScript } from './run-typescript.js';

await runTypeScript('scripts/runtime/make-layouts.ts');
