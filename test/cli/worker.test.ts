import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { SessionEnded, SessionError } from '../../src/engine/session-client.ts';
import { openInWorker } from '../../src/engine/worker-session.ts';
import { until } from '../live/running-program.ts';
import { coreOf, type FixtureCore } from '../support/cores.ts';
import { projectRoot } from '../support/project.ts';
import { mattock } from './run-mattock.ts';

const entry = pathToFileURL(path.join(projectRoot, 'bin/worker.js'));
const options = { format: 'text', colour: false } as const;
let crash: FixtureCore;

beforeAll(async () => {
  crash = await coreOf({ fixture: 'nil-deref', flags: 'noopt' });
  // Makes the bundle, if a source is newer.
  await mattock(['version']);
});

describe('a session in a worker', () => {
  it('answers, and says what failed', async () => {
    const session = await openInWorker(entry, { core: crash.core });
    let text = '';
    const outcome = await session.execute('print 6 * 7', options, (piece) => {
      text += piece;
    });
    expect({ text, outcome }).toMatchObject({ text: '42\n', outcome: { ok: true, exit: false } });
    const failed = await session.execute('print nothing', options, () => {});
    expect(failed).toMatchObject({ ok: false, error: { column: 6, family: 'user' } });
    expect(await session.complete('print ext')).toEqual({ column: 6, candidates: ['extra'], open: true });
    await session.close();
  });

  it('holds a command back while nobody reads', async () => {
    const session = await openInWorker(entry, { core: crash.core });
    let pieces = 0;
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const running = session.execute(
      'goroutines -exec goroutines -exec goroutines -exec goroutines -exec stack',
      options,
      async () => {
        pieces++;
        await gate;
      },
    );
    await until(() => pieces > 0, 'the first piece has come');
    // Long enough for more to come, if it could.
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(pieces).toBe(1);
    session.cancel();
    release();
    expect(await running).toMatchObject({ ok: false, error: { message: 'interrupted' } });
    // What was on its way when the command was held back, and the last piece.
    expect(pieces).toBeLessThanOrEqual(6);
    await session.close();
  });

  it('fails to open with what is wrong', async () => {
    const failure = await openInWorker(entry, { core: entry.pathname }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(SessionError);
    expect((failure as SessionError).facts).toMatchObject({ family: 'data' });
  });

  it('ends what is asked of it when it is closed', async () => {
    const session = await openInWorker(entry, { core: crash.core });
    const running = session.execute(`${'goroutines -group user -exec '.repeat(12)}stack`, options, () => {});
    setTimeout(() => void session.close(), 200);
    await expect(running).rejects.toBeInstanceOf(SessionEnded);
  });
});
