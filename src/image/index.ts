export type * from './debug-info.ts';
export type * from './function-table.ts';
export type * from './image.ts';
export type * from './types.ts';
