export type { FindModule, ModuleFile, ModuleRequest } from './core/module-files.ts';
export { type OpenCoreInput, openCore } from './core/open-core.ts';
export { Module } from './module.ts';
export type * from './target.ts';
