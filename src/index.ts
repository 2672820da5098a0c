/**
 * Mattock as a library. `openCore` opens a core dump; the layers below are exported under `mattock/image`,
 * `mattock/target`, `mattock/golang` and so on.
 */

export { CommandError, type OpenedCore, openCore } from './engine/open-core.ts';
export type { OpenOptions } from './engine/session-client.ts';
export type { Goroutine, Program, Verdict } from './golang/index.ts';
export type { Target } from './target/index.ts';
