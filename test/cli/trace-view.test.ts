import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { hasToolchain } from '../support/go-build.ts';
import { recordLeakyServer } from '../trace/leaky-server.ts';
import { mattock, mattockProgram } from './run-mattock.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'mattock-view-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(!hasToolchain(undefined))('mattock trace view', () => {
  const file = path.join(folder, 'server.trace');

  it('writes a page that only its owner can read', async () => {
    await recordLeakyServer(file, ['-load', '60', '-audit-quota', '20']);
    const page = path.join(folder, 'page.html');
    expect(await mattock(['trace', 'view', '--html', page, file])).toEqual({
      status: 0,
      stdout: '',
      stderr: `mattock: ${page} (a page that needs nothing else: open it in a browser)\n`,
    });
    expect(statSync(page).mode & 0o777).toBe(0o600);
    const text = readFileSync(page, 'utf8');
    expect(text).toContain('<script type="application/octet-stream" id="data">H4sI');
    expect(text).not.toMatch(/(?:src|href)="(?!data:)/);
  });

  it('serves it until it is interrupted', async () => {
    const child = spawn(process.execPath, [mattockProgram, 'trace', 'view', file], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    try {
      const url = await new Promise<string>((resolve, reject) => {
        child.stdout.setEncoding('utf8').once('data', (text: string) => resolve(text.trim()));
        child.once('exit', () => reject(new Error('it ended')));
      });
      expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{32}\/$/);
      const response = await fetch(url);
      expect(response.status).toBe(200);
      expect(await response.text()).toContain('<title>Goroutine trace</title>');
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGINT');
      expect(await ended).toBe(0);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('says what is wrong', async () => {
    const { status, stderr } = await mattock(['trace', 'view', path.join(folder, 'none')]);
    expect(status).toBe(1);
    expect(stderr).toContain('there is no such file');
  });
});
