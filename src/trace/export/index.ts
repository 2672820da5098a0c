export { tracePage } from './html.ts';
export type { PageFinding } from './page-data.ts';
export { pageFindings } from './page-findings.ts';
