import { UserError } from '../../base/index.ts';
import type { Debugger } from '../../debugger/index.ts';
import type { Context } from '../command.ts';

/** What a session about a running program has besides the program. */
export interface LiveControl {
  readonly debugger: Debugger;
}

/** The debugger of a live session. For a core a UserError, which names the command. */
export function debuggerOf({ session }: Context, command: string): Debugger {
  if (session.live !== undefined) return session.live.debugger;
  throw new UserError(`a core cannot do ${command}: its process is gone`, '`help` lists what can be done');
}
