export { openDebugInfo } from './debug-info-reader.ts';
export type { DebugSource } from './sections.ts';
