export type { CoreSink } from './core/core-output.ts';
export type { FindModule, ModuleFile, ModuleRequest } from './core/module-files.ts';
export { type OpenCoreInput, openCore } from './core/open-core.ts';
export { type WriteCoreOptions, type WrittenCore, writeCore } from './core/write-core.ts';
export { describeFault } from './fault.ts';
export type { Registers } from './frame-row.ts';
export type * from './live.ts';
export { MemoryWords } from './memory-words.ts';
export { Module } from './module.ts';
export { Company } from './process/company.ts';
export { type Fate, FollowedTasks } from './process/followed-tasks.ts';
export { FrozenMemory } from './process/frozen-memory.ts';
export { type Kernel, KernelError, type SpawnTerminal } from './process/kernel.ts';
export {
  describeEnd,
  type ProcessFiles,
  type ProcessInput,
  ProcessTarget,
  TRACE_OPTIONS,
} from './process/process-target.ts';
export { isStopped, processEnd } from './process/wait-status.ts';
export { readSignalFrame } from './signal-frame.ts';
export { describeSignal, describeSignalCode } from './signals.ts';
export type * from './target.ts';
export { type ThreadStack, unwindThread } from './thread-stack.ts';
export { type UnwindSetting, unwindFrame } from './unwind.ts';
