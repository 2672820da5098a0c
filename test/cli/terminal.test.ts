import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { coreOf, type FixtureCore } from '../support/cores.ts';
import { Terminal } from './terminal.ts';

const PROMPT = '(mattock) ';
const folder = mkdtempSync(path.join(os.tmpdir(), 'mattock-terminal-'));
let crash: FixtureCore;
let open: Terminal | undefined;

beforeAll(async () => {
  crash = await coreOf({ fixture: 'nil-deref', flags: 'noopt' });
});
afterEach(() => {
  open?.close();
  open = undefined;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function start(
  args: readonly string[] = ['-q'],
  environment: Readonly<Record<string, string>> = {},
  rows?: number,
): Promise<Terminal> {
  const settings = { XDG_STATE_HOME: folder, XDG_CONFIG_HOME: folder, NO_COLOR: '1', ...environment };
  open = new Terminal(['core', crash.executable, crash.core, ...args], settings, rows);
  await open.expect(PROMPT);
  return open;
}

describe('the terminal', () => {
  it('shows the verdict, takes commands and ends with Ctrl-D', async () => {
    const settings = { XDG_STATE_HOME: folder, XDG_CONFIG_HOME: folder };
    open = new Terminal(['core', crash.core], settings, 50);
    const verdict = await open.expect(PROMPT);
    expect(verdict).toContain('signal 11 SIGSEGV');
    open.type('print 6 * 7\r');
    expect(await open.expect(PROMPT)).toContain('\n42\n');
    open.type('\x04');
    expect(await open.exited).toBe(0);
  });

  it('colours, unless it is told not to', async () => {
    const settings = { XDG_STATE_HOME: folder, XDG_CONFIG_HOME: folder };
    open = new Terminal(['core', crash.core, '-q'], settings);
    await open.expect(PROMPT);
    open.type('stack 1\r');
    await open.expect('(truncated)');
    expect(open.raw).toContain('\x1b[36mruntime.raise\x1b[0m');
    open.close();
    const terminal = await start();
    terminal.type('stack 1\r');
    await terminal.expect('(truncated)');
    expect(terminal.raw).toContain('in runtime.raise\r\n');
  });

  it('repeats the last command for an empty line', async () => {
    const terminal = await start();
    terminal.type('up\r');
    const first = await terminal.expect(PROMPT);
    terminal.type('\r');
    const second = await terminal.expect(PROMPT);
    expect(first).toMatch(/Frame 14 /);
    expect(second).toMatch(/Frame 15 /);
  });

  it('points at what is wrong in the line above', async () => {
    const terminal = await start();
    terminal.type('print 1 + nothing\r');
    const text = await terminal.expect(PROMPT);
    expect(text).toMatch(new RegExp(`\\n {${PROMPT.length + 10}}\\^\\nerror: `));
  });

  it('completes commands, flags, variables, functions and files', async () => {
    writeFileSync(path.join(folder, 'triage.mattock'), '');
    const terminal = await start();
    const completed = async (keys: string, expected: string) => {
      terminal.type(`${keys}\t`);
      await terminal.expect(expected);
      terminal.type('\x03');
      await terminal.expect(PROMPT);
    };
    await completed('gorou', 'goroutine');
    await completed('stack -off', 'stack -offsets ');
    await completed('print ext', 'print extra');
    terminal.type('up\r');
    await terminal.expect(/28:.*\n\(mattock\) /);
    await completed('print accounts["ada"].ow', '.owner');
    await completed('disassemble -l main.aud', 'main.audit ');
    await completed(`source ${folder}/tri`, 'triage.mattock ');
  });

  it('keeps a history that only the user can read', async () => {
    const first = await start();
    first.type('print 1234 + 1\r');
    await first.expect(PROMPT);
    first.type('exit\r');
    expect(await first.exited).toBe(0);
    const file = path.join(folder, 'mattock/history');
    expect(readFileSync(file, 'utf8')).toContain('print 1234 + 1\n');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const second = await start();
    second.type('\x1b[A\x1b[A\r');
    expect(await second.expect('1235')).toContain('print 1234 + 1');
  });

  it('clears the line with Ctrl-C', async () => {
    const terminal = await start();
    terminal.type('print 99999');
    await terminal.expect('99999');
    terminal.type('\x03');
    await terminal.expect('^C');
    terminal.type('print 5\r');
    expect(await terminal.expect('\n5\n')).toContain('print 5');
  });

  it('interrupts a long command with Ctrl-C and takes the next', async () => {
    const terminal = await start();
    // Each goroutine runs it on each goroutine, twelve deep, before the first line is known.
    terminal.type(`${'goroutines -group user -exec '.repeat(12)}stack\r`);
    await terminal.expect(/stack\s*\n/);
    await new Promise((resolve) => setTimeout(resolve, 500));
    terminal.type('\x03');
    expect(await terminal.expect(PROMPT)).toMatch(/\^C\nerror: interrupted\n/);
    terminal.type('print 5 + 6\r');
    await terminal.expect('\n11\n');
  });

  it('opens the core anew when a command does not stop', async () => {
    const terminal = await start();
    // A regular expression that backtracks for ever is beyond the reach of a flag.
    terminal.type("funcs '(.*)*(.*)*(.*)*$$x'\r");
    // From here on keys are for the command.
    await terminal.expect(/x'\s*\n/);
    await new Promise((resolve) => setTimeout(resolve, 500));
    terminal.type('\x03');
    await terminal.expect('^C');
    terminal.type('\x03');
    await terminal.expect('opening the core again');
    terminal.type('print 3 * 5\r');
    await terminal.expect('\n15\n');
  });

  it('ends a command with Ctrl-C while $PAGER shows it, and nothing else', async () => {
    const terminal = await start(['-q'], { PAGER: 'cat' });
    terminal.type(`${'goroutines -exec '.repeat(12)}stack\r`);
    await terminal.expect('runtime.raise');
    terminal.type('\x03');
    await terminal.expect(PROMPT);
    terminal.type('print 5 + 7\r');
    await terminal.expect('\n12\n');
  });

  it('shows long output page by page', async () => {
    const terminal = await start(['-q'], {}, 12);
    terminal.type('help\r');
    const page = await terminal.expect('-- more --');
    expect(page.split('\n').length).toBeLessThanOrEqual(14);
    terminal.type('\r');
    const line = await terminal.expect('-- more --');
    expect(line.trim().split('\n').length).toBeLessThanOrEqual(3);
    terminal.type(' ');
    await terminal.expect('-- more --');
    terminal.type('q');
    await terminal.expect(PROMPT);
    terminal.type('print 7\r');
    expect(await terminal.expect(PROMPT)).toContain('\n7\n');
  });

  it('hands long output to $PAGER, and short output to nobody', async () => {
    const terminal = await start(['-q'], { PAGER: 'sed s/^/paged:/' }, 12);
    terminal.type('print 8\r');
    expect(await terminal.expect(PROMPT)).not.toContain('paged:');
    terminal.type('help\r');
    expect(await terminal.expect(PROMPT)).toContain('paged:Goroutines and threads:');
    terminal.type('print 9\r');
    expect(await terminal.expect(PROMPT)).toContain('\n9\n');
  });

  it('says when the core cannot be opened', async () => {
    open = new Terminal(['core', import.meta.filename], { XDG_STATE_HOME: folder, XDG_CONFIG_HOME: folder });
    await open.expect('mattock: ');
    expect(await open.exited).toBe(1);
  });
});
