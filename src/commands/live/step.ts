import { defineCommand } from '../command.ts';
import { positional } from '../language/arguments.ts';
import { positiveCount } from '../language/kinds.ts';
import { MOST_STEPS, renderStep, type StepReport, stepTimes } from './step-command.ts';

export const step = defineCommand({
  name: 'step',
  aliases: ['s'],
  group: 'running',
  summary: 'Step to the next line, into calls',
  details:
    'Enters functions behind their prologue, through what the compiler puts between (method values, wrappers), and ' +
    'deferred calls. Functions of the runtime are entered only from within the runtime, and those that `go` starts ' +
    'are not.',
  repeats: true,
  arguments: { count: positional(positiveCount('count', MOST_STEPS), 'how many times') },
  run(context, { count }): StepReport {
    return stepTimes(context, 'step', (stepping, who) => stepping.line('into', who), count);
  },
  render: renderStep,
});
