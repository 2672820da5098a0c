import { defineCommand } from '../command.ts';
import { positional } from '../language/arguments.ts';
import { positiveCount } from '../language/kinds.ts';
import { MOST_STEPS, renderStep, type StepReport, stepTimes } from './step-command.ts';

export const nextInstruction = defineCommand({
  name: 'next-instruction',
  aliases: ['ni'],
  group: 'running',
  summary: 'Execute one instruction, over calls',
  details: 'A call is one instruction with all that it does.',
  repeats: true,
  arguments: { count: positional(positiveCount('count', MOST_STEPS), 'how many times') },
  run(context, { count }): StepReport {
    return stepTimes(context, 'next-instruction', (stepping, who) => stepping.instruction(who, true), count);
  },
  render: renderStep,
});
