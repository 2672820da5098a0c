import { defineCommand } from '../command.ts';
import { positional } from '../language/arguments.ts';
import { positiveCount } from '../language/kinds.ts';
import { MOST_STEPS, renderStep, type StepReport, stepTimes } from './step-command.ts';

export const next = defineCommand({
  name: 'next',
  aliases: ['n'],
  group: 'running',
  summary: 'Step to the next line, over calls',
  details:
    'Follows the goroutine wherever it runs; others run meanwhile, and their breakpoints end the step. Bodies of loops ' +
    'over functions belong to the function around them. Over a call that panics it stops in the deferred function ' +
    'that is called, then where the recovered function returns to.',
  repeats: true,
  arguments: { count: positional(positiveCount('count', MOST_STEPS), 'how many times') },
  run(context, { count }): StepReport {
    return stepTimes(context, 'next', (stepping, who) => stepping.line('over', who), count);
  },
  render: renderStep,
});
