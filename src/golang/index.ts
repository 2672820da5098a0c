export type * from './frame.ts';
export type * from './goroutine.ts';
export type * from './program.ts';
