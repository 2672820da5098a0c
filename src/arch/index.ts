export type * from './arch.ts';
