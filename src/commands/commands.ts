import { disassemble } from './code/disassemble.ts';
import { edit } from './code/edit.ts';
import { libraries } from './code/libraries.ts';
import { list } from './code/list.ts';
import { funcs, packages, sources, types } from './code/names.ts';
import { display } from './data/display.ts';
import { examinemem } from './data/examinemem.ts';
import { mem } from './data/mem.ts';
import { print } from './data/print.ts';
import { regs } from './data/regs.ts';
import { args, locals, vars } from './data/variables.ts';
import { whatis } from './data/whatis.ts';
import { goroutine } from './goroutines/goroutine.ts';
import { goroutines } from './goroutines/goroutines.ts';
import { thread, threads } from './goroutines/threads.ts';
import { breakCommand } from './live/break.ts';
import { breakpoints } from './live/breakpoints.ts';
import { call } from './live/call.ts';
import { clear, clearall, toggle } from './live/clear.ts';
import { condition, on } from './live/condition.ts';
import { continueCommand } from './live/continue.ts';
import { dump } from './live/dump.ts';
import { next } from './live/next.ts';
import { nextInstruction } from './live/next-instruction.ts';
import { rebuild, restart } from './live/restart.ts';
import { set } from './live/set.ts';
import { step } from './live/step.ts';
import { stepInstruction } from './live/step-instruction.ts';
import { stepout } from './live/stepout.ts';
import { target } from './live/target.ts';
import { trace } from './live/trace.ts';
import { watch } from './live/watch.ts';
import { deferred } from './stacks/deferred.ts';
import { down, frame, up } from './stacks/frame.ts';
import { stack } from './stacks/stack.ts';
import { CommandTable } from './table.ts';
import { config } from './tool/config.ts';
import { exit } from './tool/exit.ts';
import { help } from './tool/help.ts';
import { source } from './tool/source.ts';
import { transcript } from './tool/transcript.ts';
import { verdict } from './tool/verdict.ts';

/** Every command there is, in the order in which help lists them. */
export const commandTable = new CommandTable([
  breakCommand,
  watch,
  breakpoints,
  condition,
  on,
  toggle,
  clear,
  clearall,
  trace,
  continueCommand,
  next,
  step,
  stepout,
  stepInstruction,
  nextInstruction,
  restart,
  rebuild,
  target,
  call,
  goroutines,
  goroutine,
  threads,
  thread,
  stack,
  frame,
  up,
  down,
  deferred,
  args,
  locals,
  vars,
  print,
  whatis,
  set,
  display,
  regs,
  examinemem,
  mem,
  list,
  edit,
  disassemble,
  funcs,
  types,
  packages,
  sources,
  libraries,
  verdict,
  dump,
  source,
  transcript,
  config,
  help,
  exit,
]);
