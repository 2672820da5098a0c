import { defineCommand } from '../command.ts';

export const exit = defineCommand({
  name: 'exit',
  aliases: ['quit', 'q'],
  group: 'session',
  summary: 'End the session',
  arguments: {},
  run({ session }): Readonly<Record<string, never>> {
    session.exitRequested = true;
    return {};
  },
  render: () => [],
});
