import { defineCommand } from '../command.ts';
import { positional } from '../language/arguments.ts';
import { positiveCount } from '../language/kinds.ts';
import { MOST_STEPS, renderStep, type StepReport, stepTimes } from './step-command.ts';

export const stepInstruction = defineCommand({
  name: 'step-instruction',
  aliases: ['si'],
  group: 'running',
  summary: 'Execute one instruction',
  details: 'All other threads stand still meanwhile, unless it is a system call.',
  repeats: true,
  arguments: { count: positional(positiveCount('count', MOST_STEPS), 'how many times') },
  run(context, { count }): StepReport {
    return stepTimes(context, 'step-instruction', (stepping, who) => stepping.instruction(who, false), count);
  },
  render: renderStep,
});
