import { type RuntimeAddress, runtimeAddress, UserError } from '../../base/index.ts';
import type { DeferredCall, Frame } from '../../golang/index.ts';
import type { Context } from '../command.ts';
import { defersByFrame } from '../stacks/defers.ts';
import { subject } from './session.ts';

/**
 * A frame as the deferred call will have it when it begins: at its entry, with its closure in the context
 * register (cmd/compile/abi-internal.md). What it has captured can be told then; its own variables do not exist yet.
 */
export function deferredFrame(context: Context): Frame {
  const { session, scope } = context;
  const { arch } = session.program.target;
  const frame = session.frame(scope);
  const call = deferredCall(context, frame);
  const entry = codeOf(context, call);
  if (entry === undefined) throw new UserError(`the code of deferred call ${scope.deferred} is not known`);
  const registers: (number | undefined)[] = new Array(arch.dwarf.count).fill(undefined);
  registers[arch.dwarf.pc] = entry;
  registers[arch.dwarf.closure] = call.closure;
  return {
    index: scope.frame,
    pc: entry,
    lookupPc: entry,
    function: call.function,
    position: call.position,
    module: session.program.target.modules.at(entry),
    cfa: runtimeAddress(0),
    returnAddressSlot: runtimeAddress(0),
    registers,
    inlineDepth: 0,
    entry,
    arrivedBy: 'start',
    systemStack: false,
  };
}

/**
 * What is called first: the closure's own code. For a call with arguments that is a wrapper of the compiler's, which
 * has captured them, while the call itself is named after the function in the source.
 */
function codeOf({ session }: Context, { closure, entry }: DeferredCall): RuntimeAddress | undefined {
  const { memory } = session.program.target;
  return closure === undefined || memory.tryRead(closure, 8) === undefined ? entry : memory.pointer(closure);
}

function deferredCall(context: Context, frame: Frame): DeferredCall {
  const { session, scope } = context;
  const { frames } = session.stack(scope, scope.frame + 1);
  const calls = defersByFrame(context, frames).get(frame.index) ?? [];
  const call = calls[scope.deferred! - 1];
  if (call !== undefined) return call;
  const count = calls.length === 0 ? 'no deferred calls' : `deferred calls 1 to ${calls.length}`;
  throw new UserError(`frame ${frame.index} of ${subject(scope)} has ${count}`, '`stack -defer` shows them');
}
