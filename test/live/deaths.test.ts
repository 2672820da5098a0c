import { afterEach, describe, expect, it } from 'vitest';
import { buildLabel, missingForBuild } from '../support/builds.ts';
import { LIVE_BUILDS, type LiveSession, launch } from './live-session.ts';

let session: LiveSession | undefined;
afterEach(async () => {
  await session?.close();
  session = undefined;
});

describe.each([...LIVE_BUILDS, { stripped: true }])('before it dies', (build) => {
  const missing = missingForBuild({ ...build, fixture: 'panic-values' });
  const name = buildLabel({ ...build, fixture: 'panic-values' });

  it.skipIf(missing)(`${name}: a program stops at a panic that nothing recovers`, async () => {
    session = await launch({ ...build, fixture: 'panic-values' }, ['named-int']);
    const { result } = await session.json('continue');
    expect(result).toMatchObject({
      causes: [{ kind: 'breakpoint', id: -1, name: 'unrecovered-panic' }],
      location: { function: 'runtime.fatalpanic' },
      death: { frame: { function: 'main.raise' } },
    });
    expect((result.death as { reasons: string[] }).reasons[0]).toMatch(/^panic: .*7/);
    expect(await session.text('breakpoints')).toBe('No breakpoints\n');
    expect(await session.text('breakpoints -a')).toMatch(
      /^Breakpoint unrecovered-panic \(enabled\) at 0x[0-9a-f]+ for runtime\.fatalpanic\(\) .*\(1 hits\)\nBreakpoint runtime-fatal-throw \(enabled\) at .*\n\tand /,
    );
    expect(await session.failure('clear unrecovered-panic')).toContain('is always there');
    expect(await session.text('continue')).toBe('Process has exited with status 2\n');
    // What is left of it is nothing to look at.
    for (const command of ['goroutines', 'stack', 'locals', 'print 1', 'regs']) {
      expect(await session.failure(command), command).toContain('the program has ended');
    }
  });

  it.skipIf(missing)(`${name}: a program stops at a fatal error, unless that is switched off`, async () => {
    session = await launch({ ...build, fixture: 'unlock-unlocked' }, []);
    const text = await session.text('continue');
    expect(text).toMatch(
      /^> \[runtime-fatal-throw\] hits (goroutine\(1\):1 )?total:1 runtime\.(throw|fatal)\(\) /,
    );
    expect(text).toContain('\nfatal error: sync: unlock of unlocked mutex\nin frame ');
    await session.text('restart');
    await session.text('toggle runtime-fatal-throw');
    expect(await session.text('continue')).toBe('Process has exited with status 2\n');
  });
});
