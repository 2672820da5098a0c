export { openDebugInfo } from './debug-info-reader.ts';
export type { SectionStart } from './sections.ts';
