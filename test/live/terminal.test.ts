import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { mattock } from '../cli/run-mattock.ts';
import { Terminal } from '../cli/terminal.ts';
import { buildGo } from '../support/go-build.ts';
import { missing } from './stand.ts';

const CTRL_C = '\x03';
const CTRL_D = '\x04';
const environment = { XDG_CONFIG_HOME: '/nonexistent', XDG_STATE_HOME: '/nonexistent' };

describe.skipIf(missing !== undefined)('a program with a terminal of its own', () => {
  let terminal: Terminal;
  let executable: string;
  beforeAll(async () => {
    executable = buildGo({ source: 'test/live/programs/counting.go' });
    // Makes the bundle, if a source is newer.
    await mattock(['version']);
  });
  afterEach(() => terminal?.close());

  it('shows what it writes, gets what is typed while it runs, and stops at Ctrl-C', async () => {
    terminal = new Terminal(['exec', executable], environment);
    await terminal.expect('(mattock) ');
    terminal.type('continue\r');
    await terminal.expect(/rounds \d+\s/);
    terminal.type(CTRL_C);
    await terminal.expect(/interrupted[\s\S]*\(mattock\) $/);
    terminal.type('print 6 * 7\r');
    expect(await terminal.expect(/42\n\(mattock\) $/)).not.toContain('rounds');
    terminal.type('continue\r');
    await terminal.expect(/rounds \d+\s/);
    // The end of its input, at which it ends.
    terminal.type(CTRL_D);
    await terminal.expect(/all is well[\s\S]*exited with status 0[\s\S]*\(mattock\) $/);
    terminal.type('exit\r');
    expect(await terminal.exited).toBe(0);
  });

  it('ends without a question when the session does', async () => {
    terminal = new Terminal(['exec', executable], environment);
    await terminal.expect('(mattock) ');
    terminal.type('break main.mix\r');
    await terminal.expect(/Breakpoint 1[\s\S]*\(mattock\) $/);
    terminal.type('continue\r');
    await terminal.expect(/hits .*\(mattock\) $/s);
    terminal.type('exit\r');
    expect(await terminal.exited).toBe(0);
  });
});
