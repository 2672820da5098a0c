export type * from './frame.ts';
export type * from './goroutine.ts';
export { openProgram } from './open-program.ts';
export type * from './program.ts';
export { shortTypeName } from './type-names.ts';
