import { linkedAddress, type RuntimeAddress } from '../../base/index.ts';
import type { BreakpointPlace } from '../../debugger/index.ts';
import type { Context } from '../command.ts';
import type { Typed } from '../language/cursor.ts';
import { resolveLocation } from './resolve-location.ts';

/** All places where a breakpoint is to stop: behind the prologue of functions, at every copy of a line. */
export function resolveBreakpoint(context: Context, typed: Typed): readonly BreakpointPlace[] {
  const { program } = context.session;
  return resolveLocation(context, typed).flatMap((found) => {
    if (found.pc === undefined) return [];
    const address = behindPrologue(context, found.pc);
    const { function: name, position } = program.locate(address, false);
    return [{ address, function: name, position }];
  });
}

/** For a function's entry the first address of its body. */
function behindPrologue(context: Context, pc: RuntimeAddress): RuntimeAddress {
  const module = context.session.program.target.modules.at(pc);
  const { functions, debugInfo } = module?.image ?? {};
  if (module === undefined || functions === undefined || debugInfo === undefined) return pc;
  const linked = module.toLinked(pc);
  const index = functions.find(linked);
  if (index < 0 || functions.entry(index) !== linked) return pc;
  return module.toRuntime(linkedAddress(debugInfo.lines.prologueEnd(linked)));
}
