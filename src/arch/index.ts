export type * from './arch.ts';
export { archNamed } from './arch-named.ts';
export { describeFlags } from './registers.ts';
