import { decodeText, runtimeAddress } from '../../base/index.ts';
import { FATAL_THROW, type Stop, UNRECOVERED_PANIC } from '../../debugger/index.ts';
import type { Frame } from '../../golang/index.ts';
import { describeSignal, type Thread } from '../../target/index.ts';
import type { Context } from '../command.ts';
import { harmless, type Style } from '../output/style.ts';
import { locationText } from '../output/text.ts';
import { panicLine, panicRow } from '../tool/verdict.ts';

/** What the program is about to die of. */
export interface Death {
  /** In the words of the runtime: `panic: boom`, `fatal error: …`. The newest panic first. */
  readonly reasons: readonly string[];
  /** Where the user's code came to it. */
  readonly frame: Pick<Frame, 'index' | 'function' | 'position' | 'pc'> | undefined;
}

/** Undefined: it has not stopped at one of the breakpoints that are always there. */
export function deathOf(context: Context, { causes }: Stop): Death | undefined {
  for (const cause of causes) {
    if (cause.kind !== 'breakpoint' || cause.breakpoint.id > 0) continue;
    const { program } = context.session;
    const { panics, frame } = program.verdict();
    if (cause.breakpoint.id === UNRECOVERED_PANIC)
      return { reasons: panics.map((panic) => panicLine(panicRow(context, panic))), frame: placeOf(frame) };
    if (cause.breakpoint.id !== FATAL_THROW) continue;
    const thread = program.target.threads.find(({ id }) => id === cause.thread);
    const name = program.locate(cause.address, false).function;
    const reason = thread && fatalReason(context, thread, name);
    return { reasons: reason === undefined ? [] : [reason], frame: placeOf(frame) };
  }
  return undefined;
}

const placeOf = (frame: Frame | undefined): Death['frame'] =>
  frame && { index: frame.index, function: frame.function, position: frame.position, pc: frame.pc };

/** ABIInternal passes the first two words so (DWARF numbers): a string's pointer and length. */
const FIRST_ARGUMENTS: Readonly<Record<string, readonly [number, number]>> = {
  amd64: [0, 3],
  arm64: [0, 1],
};
const LONGEST_TEXT = 4096;

/** runtime.throw(s string), runtime.fatal(s string), runtime.fatalsignal(sig uint32, …), where they begin. */
function fatalReason({ session }: Context, thread: Thread, name: string | undefined): string | undefined {
  const { target } = session.program;
  const [first, second] = FIRST_ARGUMENTS[target.arch.name]!;
  const argument = thread.registers.get(first);
  const length = thread.registers.get(second);
  if (argument === undefined || length === undefined) return undefined;
  if (name === 'runtime.fatalsignal') {
    const { name: signal, meaning } = describeSignal(argument % 2 ** 32);
    return `signal ${signal}: ${meaning}`;
  }
  const text = length > LONGEST_TEXT ? undefined : target.memory.tryRead(runtimeAddress(argument), length);
  return text && `fatal error: ${decodeText(text)}`;
}

export function* renderDeath({ reasons, frame }: Death, style: Style): Iterable<string> {
  for (const reason of reasons) yield style.paint('error', harmless(reason));
  if (frame !== undefined) yield `in frame ${frame.index}: ${locationText(frame, style)}`;
}
