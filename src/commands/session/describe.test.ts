import { describe, expect, test } from 'vitest';
import { fixtureProgram, missingForCore } from '../../golang/testing/fixture-program.ts';
import { execute } from '../testing/execute.ts';
import { fakeHost } from '../testing/fake-program.ts';
import { Session } from './session.ts';

const BUILDS = [{}, { toolchain: '1.19.13' }, { toolchain: '1.22.12' }] as const;

describe.each(BUILDS)('whatis %j', (build) => {
  const request = { fixture: 'values-generics', flags: 'noopt', ...build } as const;
  const missing = missingForCore(request) !== undefined;
  const asked = async (line: string) => {
    const session = new Session((await fixtureProgram(request)).program, fakeHost({}));
    return execute(session, line);
  };

  test.skipIf(missing)('of functions and methods says what they take and give', async () => {
    expect((await asked('whatis fmt.Sprintf')).text).toBe('func(string, []interface {}) string\n');
    expect((await asked('whatis os.NewFile')).text).toBe('func(uintptr, string) *os.File\n');
    expect((await asked('whatis os.File.Write')).text).toBe('func(*os.File, []uint8) (int, error)\n');
    expect((await asked('whatis main.main')).text).toBe('func()\n');
  });

  test.skipIf(missing)('of generic types takes what their instances are called', async () => {
    for (const name of ['main.pair[string,int]', 'main.pair[string, int]']) {
      expect((await asked(`whatis ${name}`)).text).toMatch(
        /^struct type, size: 24 bytes\nFields:\n\tKey +string\n\tValue +int\n/,
      );
    }
    const { error } = await asked('whatis main.pair');
    expect(error).toMatchObject({ message: 'there is no pair in package main' });
    expect(error?.remedy).toMatch(/^it is generic: .*main\.pair\[string,int\]/);
    expect(error?.remedy).not.toContain('go.shape');
    expect((await asked('whatis main.collect')).error?.remedy).toMatch(/^it is generic: main\.collect\[/);
    expect((await asked('whatis main.nothing')).error?.remedy).toBeUndefined();
  });
});
