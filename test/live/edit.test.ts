import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { mattock, mattockProgram } from '../cli/run-mattock.ts';
import { Terminal } from '../cli/terminal.ts';
import { buildGo } from '../support/go-build.ts';
import { projectRoot } from '../support/project.ts';
import { missing } from './stand.ts';

const environment = { XDG_CONFIG_HOME: '/nonexistent', XDG_STATE_HOME: '/nonexistent' };
const source = path.join(projectRoot, 'test/live/programs/counting.go');

describe.skipIf(missing !== undefined)('edit', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'mattock-edit-'));
  /** Says what it was called with, and takes a line from the terminal. */
  const asking = path.join(folder, 'asking');
  let executable: string;
  let terminal: Terminal | undefined;
  beforeAll(async () => {
    executable = buildGo({ source: 'test/live/programs/counting.go' });
    writeFileSync(asking, '#!/bin/sh\necho "editing <$*>"\nread line\necho "read <$line>"\n');
    chmodSync(asking, 0o755);
    // Makes the bundle, if a source is newer.
    await mattock(['version']);
  });
  afterEach(() => terminal?.close());
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Runs commands without a terminal, with these editors. */
  function run(editors: Readonly<Record<string, string>>, ...lines: string[]) {
    const { EDITOR, DELVE_EDITOR, ...others } = process.env;
    const commands = lines.flatMap((line) => ['-c', line]);
    const child = spawn(process.execPath, [mattockProgram, 'exec', executable, ...commands], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...others, ...environment, ...editors },
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => {
        said += text;
      });
    return new Promise<{ readonly status: number | null; readonly said: string }>((resolve) => {
      child.on('close', (status) => resolve({ status, said }));
    });
  }

  it('opens where the program stands, or a location, in the editor that is named', async () => {
    const echo = { DELVE_EDITOR: 'echo first', EDITOR: 'echo second' };
    const { status, said } = await run(echo, 'break main.main', 'continue', 'edit', 'edit main.expected');
    expect(status).toBe(0);
    const [stopped] = /counting\.go:(\d+)/.exec(said.slice(said.indexOf('> ')))!.slice(1);
    expect(said).toContain(`first +${stopped} ${source}\n`);
    const lines = [...said.matchAll(/^first \+(\d+) /gm)].map(([, line]) => line);
    expect(new Set(lines).size).toBe(2);
    expect((await run({ EDITOR: 'echo second' }, 'edit main.mix')).said).toMatch(
      /^second \+\d+ .*counting\.go$/m,
    );
  });

  it('says what is missing, and how an editor fails', async () => {
    const none = await run({}, 'edit main.mix');
    expect(none.status).toBe(1);
    expect(none.said).toContain('neither DELVE_EDITOR nor EDITOR is set');
    const failing = await run({ EDITOR: '/nonexistent/editor' }, 'edit main.mix');
    expect(failing.status).toBe(1);
    expect(failing.said).toContain('/nonexistent/editor ended with 127');
    const elsewhere = await run(
      { EDITOR: 'echo' },
      `config substitute-path ${projectRoot} /nonexistent`,
      'edit main.mix',
    );
    expect(elsewhere.said).toContain('is not here');
  });

  it('leaves the terminal to the editor, and has it back', async () => {
    terminal = new Terminal(['exec', executable], { ...environment, EDITOR: asking });
    await terminal.expect('(mattock) ');
    terminal.type('edit main.mix\r');
    expect(await terminal.expect(/editing <.*>/)).toMatch(/<\+\d+ .*counting\.go>/);
    terminal.type('some words\r');
    await terminal.expect(/read <some words>[\s\S]*\(mattock\) $/);
    terminal.type('print 6 * 7\r');
    await terminal.expect(/42\n\(mattock\) $/);
    terminal.type('exit\r');
    expect(await terminal.exited).toBe(0);
  });
});
