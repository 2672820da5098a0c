import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkChromeTrace } from '../../src/trace/export/testing/chrome-rules.ts';
import { checkSpeedscope } from '../../src/trace/export/testing/speedscope-rules.ts';
import { mattock } from '../cli/run-mattock.ts';
import { hasToolchain } from '../support/go-build.ts';
import { recordLeakyServer } from './leaky-server.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'mattock-convert-'));
const at = (name: string): string => path.join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(!hasToolchain(undefined))('mattock trace convert', () => {
  beforeAll(() => recordLeakyServer(at('server.trace'), ['-load', '60', '-audit-quota', '20']));

  it('writes a profile that pprof takes', async () => {
    const { status, stderr } = await mattock(['trace', 'convert', at('server.trace'), at('x.pb.gz')]);
    expect(status).toBe(0);
    expect(stderr).toMatch(/^mattock: .*x\.pb\.gz \(pprof profile, [\d.]+ (Ki|Mi)?B\)\n$/);
    expect(statSync(at('x.pb.gz')).mode & 0o777).toBe(0o600);
    const top = (...args: string[]): string =>
      execFileSync('go', ['tool', 'pprof', '-top', '-nodecount=500', ...args, at('x.pb.gz')], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
    const waiting = top('-sample_index=off_cpu', '-cum', '-tagfocus=owner=program');
    expect(waiting).toMatch(/^Type: off_cpu$/m);
    expect(waiting).toMatch(/ \[sync\]| \[chan send\]/);
    expect(waiting).toMatch(/main\.\(\*shop\)\.order/);
    expect(top('-sample_index=off_cpu', '-tagfocus=wait=mutex', '-cum')).toContain('sync.(*Mutex).Lock');
    expect(top('-sample_index=on_cpu')).toContain('[running]');
    expect(top('-sample_index=sched_latency')).toContain('[runnable]');
    expect(top('-sample_index=goroutines', '-cum')).toMatch(/main\.\(\*shop\)\.order/);
  });

  it('writes what Perfetto and chrome://tracing read', async () => {
    expect((await mattock(['trace', 'convert', at('server.trace'), at('x.json')])).status).toBe(0);
    const { slices, arrows } = checkChromeTrace(readFileSync(at('x.json'), 'utf8'));
    const groups = new Set(slices.map(({ group }) => group));
    expect(groups).toEqual(new Set(['goroutines', 'processors (P)', 'runtime']));
    const waits = slices.filter(({ name }) => name === 'sync' || name === 'chan send');
    expect(waits.some(({ args }) => String(args.stack).includes('main.(*shop).order'))).toBe(true);
    expect(arrows.some(({ name, to }) => name === 'wakes' && to?.endsWith(': runnable'))).toBe(true);
    expect(arrows.some(({ name }) => name === 'creates')).toBe(true);
  });

  it('writes what speedscope reads, which is told from the other JSON by the whole ending', async () => {
    expect((await mattock(['trace', 'convert', at('server.trace'), at('x.speedscope.json')])).status).toBe(0);
    const { profiles, shared } = checkSpeedscope(readFileSync(at('x.speedscope.json'), 'utf8'));
    const [first] = profiles;
    if (first?.type !== 'sampled') throw new Error('waiting stands first');
    const waiting = first.samples.map((stack) => stack.map((frame) => shared.frames[frame]!.name));
    expect(waiting.some((stack) => stack.includes('main.(*shop).order') && stack.at(-1) === '[sync]')).toBe(
      true,
    );
  });

  it('writes the page too', async () => {
    expect((await mattock(['trace', 'convert', at('server.trace'), at('x.html')])).status).toBe(0);
    expect(statSync(at('x.html')).size).toBeGreaterThan(10_000);
  });

  it('says so where no file can be made', async () => {
    const { status, stderr } = await mattock(['trace', 'convert', at('server.trace'), at('nowhere/x.html')]);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: `mattock: there is no such file or folder: ${at('nowhere')}\n`,
    });
  });

  it('leaves a page to nobody else, also in the place of one that others could read', async () => {
    writeFileSync(at('old.html'), 'old', { mode: 0o644 });
    expect((await mattock(['trace', 'view', at('server.trace'), '--html', at('old.html')])).status).toBe(0);
    expect(statSync(at('old.html')).mode & 0o777).toBe(0o600);
  });

  it('refuses an ending that says nothing before it writes', async () => {
    const { status, stderr } = await mattock(['trace', 'convert', at('server.trace'), at('x.jpeg')]);
    expect(status).toBe(1);
    expect(stderr).toContain('The ending does not say');
    expect(existsSync(at('x.jpeg'))).toBe(false);
  });
});
