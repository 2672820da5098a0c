export { compileCondition } from './compile-condition.ts';
export type { Condition } from './condition.ts';
