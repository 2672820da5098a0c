export { isWholeGoTrace, looksLikeGoTrace, readGoTrace } from './read.ts';
export { GoTraceWriter, type TracePart } from './write.ts';
