import { UserError } from '../../base/index.ts';
import { type Answer, defineCommand } from '../command.ts';
import { required } from '../language/arguments.ts';
import { command, count } from '../language/kinds.ts';
import { runThere } from '../session/run-there.ts';

export const deferred = defineCommand({
  name: 'deferred',
  aliases: [],
  group: 'stack',
  summary: 'Run a command in the context of a deferred call',
  details:
    'The calls that the selected frame has deferred are numbered from 1 as `stack -defer` shows them. args, locals ' +
    'and print then see the variables that the deferred closure has captured; args shows what `defer f(x, y)` was ' +
    'given as arg1, arg2….',
  examples: ['deferred 1 args', 'frame 2 deferred 1 print err'],
  arguments: {
    number: required(count('n'), 'which deferred call'),
    command: required(command, 'what to run'),
  },
  prepare: (context, args) => context.table.prepareNested(context, args.command),
  run(context, args): Answer {
    if (args.number === 0)
      throw new UserError('deferred calls are numbered from 1', '`stack -defer` lists them');
    return runThere(context, { ...context.scope, deferred: args.number }, args.command);
  },
  render: () => [],
});
