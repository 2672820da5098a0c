export { renderMultiline, renderSingleLine } from './print.ts';
export { show } from './show.ts';
export * from './value.ts';
