export type * from './value.ts';
