import { defineCommand } from '../command.ts';
import { positional } from '../language/arguments.ts';
import { positiveCount } from '../language/kinds.ts';
import { MOST_STEPS, renderStep, type StepReport, stepTimes } from './step-command.ts';

export const stepout = defineCommand({
  name: 'stepout',
  aliases: ['so'],
  group: 'running',
  summary: 'Run until the function returns to its caller',
  details:
    'Out of the body of a loop over a function it goes out of the function around it, and out of an inlined call to ' +
    'the line behind it. Stops in deferred functions when the function panics.',
  repeats: true,
  arguments: { count: positional(positiveCount('count', MOST_STEPS), 'how many times') },
  run(context, { count }): StepReport {
    return stepTimes(context, 'stepout', (stepping, who) => stepping.line('out', who), count);
  },
  render: renderStep,
});
