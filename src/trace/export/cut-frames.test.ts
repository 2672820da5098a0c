import { expect, it } from 'vitest';
import { Story } from '../analysis/testing/story.ts';
import { CUT_TEXT } from '../cut-stacks.ts';
import { STATE } from '../events.ts';
import { livesOf } from '../lives.ts';
import { writeChromeTrace } from './chrome-trace.ts';
import { decodePage, encodePage } from './page-data.ts';
import { samplesOf } from './samples.ts';
import { writeSpeedscope } from './speedscope.ts';

const DEEP = Array.from({ length: 30 }, (_, i) => `main.f${i} /x/main.go:${i + 1}`);

it('a stack that is cut says so wherever it is shown', () => {
  const story = new Story('mattock').known(0, 2, STATE.waiting, 'chan receive', DEEP);
  const { trace, lives } = story.subject(100);
  expect(samplesOf(trace, lives).map(({ entry }) => entry)).toEqual([CUT_TEXT]);
  const page = decodePage(encodePage(trace, lives, []));
  expect(page.stacks[1]!.map((frame) => page.frames[frame]![0]).slice(-2)).toEqual(['main.f29', CUT_TEXT]);
  for (const write of [writeChromeTrace, writeSpeedscope]) {
    const parts: Uint8Array[] = [];
    write(trace, livesOf(trace), (bytes) => parts.push(bytes.slice()));
    const text = Buffer.concat(parts).toString();
    expect(text).toContain(write === writeSpeedscope ? CUT_TEXT : 'or more');
  }
});
