import { defineCommand } from '../command.ts';
import { debuggerOf } from '../session/live-control.ts';
import { renderStop, reportStop, type StopReport } from './stop-report.ts';

export const continueCommand = defineCommand({
  name: 'continue',
  aliases: ['c'],
  group: 'running',
  summary: 'Run until a breakpoint, the end of the program, or Ctrl-C',
  repeats: true,
  arguments: {},
  run(context): StopReport {
    return reportStop(context, debuggerOf(context, 'continue').resume());
  },
  render: renderStop,
});
