import { UserError } from '../../base/index.ts';
import type { HitCondition } from '../../debugger/index.ts';
import { defineCommand } from '../command.ts';
import { flag, positional } from '../language/arguments.ts';
import { expression, restOfLine } from '../language/kinds.ts';
import { debuggerOf } from '../session/live-control.ts';
import {
  atColumn,
  type BreakpointRow,
  breakpointName,
  breakpointRow,
  refusedText,
  whereText,
} from './break.ts';
import { breakpointKey } from './clear.ts';

const HIT_CONDITION = /^(==|!=|<=|>=|<|>|%)?\s*(\d+)$/;

function hitCondition(text: string, perGoroutine: boolean, column: number): HitCondition {
  const match = HIT_CONDITION.exec(text.trim());
  const count = Number(match?.[2]);
  if (match === null || (match[1] === '%' && count === 0)) {
    throw new UserError(
      `${text.trim()} is no condition on a number of hits`,
      'such as: == 3, > 100, % 10',
      column,
    );
  }
  return { operator: (match[1] ?? '==') as HitCondition['operator'], count, perGoroutine };
}

export const condition = defineCommand({
  name: 'condition',
  aliases: ['cond'],
  group: 'running',
  summary: 'Say when a breakpoint is to stop',
  details:
    'condition <breakpoint> <expression> stops only where the expression is true. condition -hitcount <breakpoint> ' +
    '<operator> <n> stops only at hits whose number is so (==, !=, <, <=, >, >=, or % for every n-th); -per-g-hitcount ' +
    "counts each goroutine's hits by themselves. condition -clear <breakpoint> takes all conditions away.",
  examples: [
    'condition 1 i == 100000',
    'cond -hitcount 1 % 1000',
    'cond -per-g-hitcount 1 > 3',
    'cond -clear 1',
  ],
  arguments: {
    hitcount: flag('-hitcount', 'a condition on the number of hits'),
    perGoroutine: flag('-per-g-hitcount', 'a condition on the number of hits of a goroutine'),
    clear: flag('-clear', 'take the conditions away'),
    breakpoint: positional(breakpointKey, 'its number or name'),
    expression: positional(expression, 'what is to be true, or an operator and a number'),
  },
  run(context, args): BreakpointRow {
    const { breakpoints } = debuggerOf(context, 'condition');
    if (args.breakpoint === undefined) throw new UserError('which breakpoint?', '`breakpoints` lists them');
    const breakpoint = breakpoints.find(args.breakpoint);
    const typed = args.expression;
    if (args.clear) {
      breakpoints.setCondition(breakpoint, undefined);
      breakpoints.setHitCondition(breakpoint, undefined);
    } else if (typed === undefined) {
      throw new UserError('when is it to stop?', 'an expression such as i == 100, or -clear');
    } else if (args.hitcount || args.perGoroutine) {
      breakpoints.setHitCondition(breakpoint, hitCondition(typed.text, args.perGoroutine, typed.column));
    } else {
      atColumn(typed, () => breakpoints.setCondition(breakpoint, typed.text.trim()));
    }
    return breakpointRow(breakpoint);
  },
  *render(row, style) {
    yield `${breakpointName(row)} ${whereText(row, style)}${conditionsText(row)}`;
    yield* refusedText(row, style);
  },
});

export function conditionsText(row: BreakpointRow): string {
  const hits = row.hitCondition === undefined ? '' : ` at hits ${row.hitCondition}`;
  return `${row.condition === undefined ? '' : ` if ${row.condition}`}${hits}`;
}

export const on = defineCommand({
  name: 'on',
  aliases: [],
  group: 'running',
  summary: 'Run a command whenever a breakpoint stops the program',
  details: 'Several commands may be given one after the other; on -clear <breakpoint> takes them away.',
  examples: ['on 1 print request', 'on slow stack -full', 'on -clear 1'],
  arguments: {
    clear: flag('-clear', 'take its commands away'),
    breakpoint: positional(breakpointKey, 'its number or name'),
    command: positional(restOfLine('command'), 'what to run'),
  },
  run(context, args): BreakpointRow {
    const { breakpoints } = debuggerOf(context, 'on');
    if (args.breakpoint === undefined) throw new UserError('which breakpoint?', '`breakpoints` lists them');
    const breakpoint = breakpoints.find(args.breakpoint);
    if (args.clear) breakpoints.clearActions(breakpoint);
    else if (args.command === undefined) throw new UserError('which command is to be run there?');
    else {
      const name = args.command.text.trim().split(/\s/)[0]!;
      if (context.table.find(name, context.session.settings.values.aliases) === undefined) {
        throw new UserError(`there is no command ${name}`, '`help` lists the commands', args.command.column);
      }
      breakpoints.addAction(breakpoint, args.command.text.trim());
    }
    return breakpointRow(breakpoint);
  },
  *render(row, style) {
    yield `${breakpointName(row)} ${whereText(row, style)}`;
    for (const action of row.actions) yield `\t${action}`;
  },
});
