import type { Program } from '../../golang/index.ts';
import type { LiveTarget } from '../../target/index.ts';
import type { Exits } from '../stepping/exits.ts';
import type { CodeOf } from '../stepping/function-code.ts';
import type { TrapSites } from '../trap-sites.ts';
import type { LastInstruction } from './last-instruction.ts';
import type { PageGuard } from './page-guard.ts';
import type { RegisterPool } from './register-pool.ts';
import type { Watched } from './watched.ts';

/** What watches of one process share. */
export interface WatchTools {
  readonly target: LiveTarget;
  readonly program: Program;
  readonly traps: TrapSites;
  readonly registers: RegisterPool<Watched>;
  readonly pages: PageGuard;
  readonly lastInstruction: LastInstruction;
  readonly code: CodeOf;
  readonly exits: Exits;
}
