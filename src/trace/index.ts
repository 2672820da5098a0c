export * from './events.ts';
export * from './go-format/index.ts';
export * from './lives.ts';
export * from './processes.ts';
export * from './spans.ts';
export type * from './trace.ts';
export * from './trace-builder.ts';
export type * from './wait-object.ts';
