export { looksLikeGoTrace, readGoTrace } from './read.ts';
