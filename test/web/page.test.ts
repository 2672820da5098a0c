import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tracePage } from '../../src/trace/export/html.ts';
import { livesOf } from '../../src/trace/lives.ts';
import { projectRoot } from '../support/project.ts';
import { Browser, browserProgram } from './browser.ts';
import { madeTrace } from './made-trace.ts';

const EVENTS = 1_000_000;
/** A frame of 60 a second has 16 ms; drawing must leave most of it. Software rendering takes longer. */
const MOST_MILLISECONDS = 50;
/** Each frame is drawn so often, and the quickest counts: on a busy machine somebody else has the CPU in between. */
const DRAWN = 5;

const program = browserProgram();

describe.skipIf(program === undefined)('the page in a real browser, with a million events', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'mattock-page-'));
  let browser: Browser;

  beforeAll(async () => {
    const { buildPage } = (await import('../../scripts/build.js' as string)) as {
      buildPage(): Promise<void>;
    };
    await buildPage();
    const trace = madeTrace(EVENTS, 2000);
    const findings = [{ severity: 'high', title: 'A <leak>', lines: ['goroutine 1 waits'] }];
    const page = tracePage(trace, livesOf(trace), findings, {
      template: readFileSync(path.join(projectRoot, 'dist/trace-page.html'), 'utf8'),
      gzip: (bytes) => gzipSync(bytes),
      base64: (bytes) => Buffer.from(bytes).toString('base64'),
    });
    const file = path.join(folder, 'page.html');
    writeFileSync(file, page);
    browser = await Browser.start(program!);
    await browser.open(pathToFileURL(file).href);
    await browser.until('globalThis.tracePage');
    if (process.env.MATTOCK_SHOTS !== undefined) console.log(`page: ${page.length} bytes`);
  });

  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const shot = async (name: string): Promise<void> => {
    const to = process.env.MATTOCK_SHOTS;
    if (to === undefined) return;
    await new Promise((resolve) => setTimeout(resolve, 150));
    writeFileSync(path.join(to, `${name}.png`), await browser.screenshot());
  };

  const filter = async (text: string): Promise<number> => {
    const set = `(input => { input.value = ${JSON.stringify(text)}; input.dispatchEvent(new Event("input")); })`;
    await browser.evaluate(`void ${set}(document.getElementById("query"))`);
    return browser.evaluate('tracePage.rowCount');
  };

  /** Where the canvas begins in the window, and how far below that its rows. */
  const place = (): Promise<{ top: number; head: number }> =>
    browser.evaluate(
      '({ top: document.getElementById("canvas").getBoundingClientRect().top, head: tracePage.view.head })',
    );

  it('opens, and says nothing on the console', async () => {
    expect(await browser.evaluate('document.title')).toBe('made.trace: goroutine trace');
    expect(await browser.evaluate('tracePage.rowCount')).toBe(2000);
    await shot('whole');
    expect(browser.complaints).toEqual([]);
  });

  it('draws each frame of a zoom in time', async () => {
    await browser.evaluate('void document.getElementById("canvas").focus()');
    const drawn = `(() => {
      tracePage.zoom(0.72);
      tracePage.frames.length = 0;
      for (let times = 0; times < ${DRAWN}; times++) tracePage.draw();
      return Math.min(...tracePage.frames);
    })()`;
    const frames: number[] = [];
    for (let i = 0; i < 30; i++) frames.push(await browser.evaluate<number>(drawn));
    frames.sort((a, b) => a - b);
    if (process.env.MATTOCK_SHOTS !== undefined)
      console.log(`frames: median ${frames[frames.length >> 1]}, most ${frames.at(-1)}`);
    expect(frames[Math.floor(frames.length * 0.8)]).toBeLessThan(MOST_MILLISECONDS);
    await shot('zoomed');
  });

  it('zooms with the keyboard and the wheel, and goes back to all', async () => {
    const scale = (): Promise<number> => browser.evaluate('tracePage.view.scale');
    await browser.evaluate('void (tracePage.fit(), document.getElementById("canvas").focus())');
    const whole = await scale();
    await browser.key('+');
    expect(await scale()).toBeLessThan(whole);
    const wheel = { type: 'mouseWheel', x: 700, y: 400, deltaX: 0, deltaY: -240, modifiers: 2 };
    const before = await scale();
    await browser.send('Input.dispatchMouseEvent', wheel);
    await browser.until(`tracePage.view.scale < ${before}`);
    await browser.key('0');
    expect(await scale()).toBeCloseTo(whole, 6);
  });

  it('draws nothing of what ended before the view', async () => {
    // The second goroutine lived for a moment: its row looks like the gap beside it, collector's band or paper.
    const same = await browser.evaluate<boolean>(`(() => {
      tracePage.fit();
      for (let i = 0; i < 12; i++) tracePage.zoom(0.5, 1030);
      tracePage.draw();
      const column = document.getElementById('canvas').getContext('2d').getImageData(211, 0, 1, 300).data;
      const at = y => column.subarray(4 * (tracePage.view.head + y), 4 * (tracePage.view.head + y) + 4).join();
      return at(3 * 20 + 10) === at(21) && at(10) !== at(21);
    })()`);
    expect(same).toBe(true);
  });

  it('shows traced calls below their goroutine, and the deep ones when asked', async () => {
    await browser.evaluate('void (tracePage.fit(), document.getElementById("canvas").focus())');
    const labels = (): Promise<string[]> => browser.evaluate('tracePage.labels.slice(0, 26)');
    const folded = await labels();
    // Two levels of the first goroutine, none of the second, six of the third.
    expect(folded.map((label) => label.replace(/^(\d+) .*/, '$1')).slice(0, 12)).toEqual([
      ...['1', 'calls', '', '2', '3', 'calls', '', '', '', '', '', '▸ 6 deeper levels'],
    ]);
    const { top, head } = await place();
    await browser.click(100, top + head + 11 * 20 + 10);
    expect((await labels())[17]).toBe('▾ fewer levels');
    await browser.click(100, top + head + 17 * 20 + 10);
    expect(await labels()).toEqual(folded);
    await filter('call:level=11');
    expect(await browser.evaluate('document.getElementById("count").textContent')).toMatch(/, 1 call /);
    await browser.evaluate('void document.getElementById("query").focus()');
    await browser.key('Enter');
    const details = await browser.evaluate<string>('document.getElementById("details").innerText');
    expect(details).toContain('example.com/app/walk.(*Tree).Visit');
    expect(details).toMatch(/arguments\s+level=11/);
    expect(details).toMatch(/results\s+~r0=<nil>/);
    expect(details).toMatch(/for\s+200 ns/);
    await browser.evaluate('void document.getElementById("canvas").focus()');
    await browser.key('Enter');
    await shot('call');
    expect(await filter('slower:1s')).toBe(0);
    expect(await filter('call:main.inner slower:1us')).toBeGreaterThan(500);
    await browser.evaluate('void tracePage.fit()');
    await shot('calls-found');
    await filter('');
  });

  it('shows heap, GOMAXPROCS and why the world stopped', async () => {
    await browser.evaluate('void tracePage.fit()');
    const { top } = await place();
    const tip = async (x: number, y: number): Promise<string> => {
      await browser.send('Input.dispatchMouseEvent', { type: 'mouseMoved', x, y: top + y });
      return browser.evaluate(
        'document.getElementById("tip").hidden ? "" : document.getElementById("tip").innerText',
      );
    };
    const [stop, cycle] = await browser.evaluate<number[]>(
      '[tracePage.runtime.stops[1], tracePage.runtime.collections[0]].map(([begin]) => tracePage.xOf(begin))',
    );
    expect(await tip(stop!, 24 + 9)).toMatch(/the world stopped for 40\.0 µs\nGC mark termination$/);
    expect(await tip(cycle! + 20, 24 + 9)).toMatch(/^GC 1: \d/);
    expect(await tip(900, 24 + 27)).toMatch(/^GOMAXPROCS [4-8]$/);
    expect(await tip(900, 24 + 60)).toMatch(/^live heap (?:about )?\d\d\.\d MB\ngoal \d\d\.\d MB$/);
    await shot('heap');
  });

  it('filters by number, function, state and reason', async () => {
    expect(await filter('g:18')).toBe(1);
    expect(await filter('main.flush')).toBeGreaterThan(600);
    expect(await filter('nobody')).toBe(0);
    expect(await filter('reason:chan state:waiting')).toBeGreaterThan(1000);
    expect(await filter('')).toBe(2000);
  });

  it('shows what a span is, with its stack and who woke it', async () => {
    await browser.evaluate('void (tracePage.fit(), document.getElementById("canvas").focus())');
    for (let i = 0; i < 14; i++) await browser.key('+');
    const { top, head } = await place();
    await browser.click(800, top + head + 4 * 20 + 10);
    await browser.until('document.querySelector("#details li")');
    for (let i = 0; i < 4; i++) await browser.key('n');
    const text = await browser.evaluate<string>('document.getElementById("details").innerText');
    expect(text).toMatch(/Goroutine \d+/);
    expect(text).toMatch(/state/);
    await browser.key('Enter');
    await shot('span');
  });

  it('draws flame graphs, zooms into them, and shows findings as text', async () => {
    for (const tab of ['off', 'on', 'processors']) {
      await browser.evaluate(`document.getElementById("tab-${tab}").click()`);
      await shot(tab);
    }
    await browser.evaluate('document.getElementById("tab-off").click()');
    await browser.click(300, 130);
    await shot('off-zoomed');
    await browser.evaluate('void (document.getElementById("tab-calls").click(), tracePage.draw())');
    const flames = await browser.evaluate<string[]>('tracePage.drawnFlames');
    expect(flames.slice(0, 3)).toEqual(['all traced calls', 'main.outer', 'main.inner']);
    await shot('calls');
    await browser.evaluate('document.getElementById("tab-findings").click()');
    expect(await browser.evaluate('document.querySelector("#findings h2").textContent')).toBe('A <leak>');
    await shot('findings');
    await browser.send('Emulation.setEmulatedMedia', {
      features: [{ name: 'prefers-color-scheme', value: 'dark' }],
    });
    await browser.evaluate('document.getElementById("tab-goroutines").click()');
    await shot('dark');
    expect(browser.complaints).toEqual([]);
  });
});
