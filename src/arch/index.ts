export type * from './arch.ts';
export { archNamed } from './arch-named.ts';
export type { LinuxCalls } from './linux-calls.ts';
export type * from './machine-code.ts';
export { describeFlags } from './registers.ts';
