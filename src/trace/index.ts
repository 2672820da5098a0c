export * from './events.ts';
export * from './spans.ts';
export type * from './trace.ts';
export type * from './wait-object.ts';
