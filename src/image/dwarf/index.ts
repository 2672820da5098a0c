export { openDebugInfo } from './debug-info-reader.ts';
