export { Module } from './module.ts';
export type * from './target.ts';
