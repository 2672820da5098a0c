export type * from './arch.ts';
export { archNamed } from './arch-named.ts';
export type * from './machine-code.ts';
export { describeFlags } from './registers.ts';
