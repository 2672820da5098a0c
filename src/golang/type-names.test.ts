import { expect, test } from 'vitest';
import { fixtureProgram, missingForCore } from './testing/fixture-program.ts';
import { shortTypeName } from './type-names.ts';

test.each([
  ['*net/http.Request', '*http.Request'],
  ['map[string]net/http.Header', 'map[string]http.Header'],
  ['main.T', 'main.T'],
  ['main.Pair[int,example.com/a/b.T]', 'main.Pair[int,b.T]'],
  ['[]*gopkg.in/yaml.v3.Node', '[]*yaml.v3.Node'],
])('%s is %s for short', (full, short) => expect(shortTypeName(full)).toBe(short));

test.skipIf(missingForCore({ fixture: 'labels' }) !== undefined)(
  'a type is found by its full name, and by a short one that means only one type',
  async () => {
    const { program } = await fixtureProgram({ fixture: 'labels' });
    const set = program.typeNamed('runtime/pprof.LabelSet');
    expect(set?.kind).toBe('struct');
    expect(program.typeNamed('pprof.LabelSet')).toBe(set);
    expect(program.typeNamed('runtime.g')?.kind).toBe('struct');
    // internal/runtime/atomic and sync/atomic both have one.
    expect(program.typeNamed('sync/atomic.Uint32')?.kind).toBe('struct');
    expect(program.typeNamed('atomic.Uint32')).toBeUndefined();
    expect(program.typeNamed('pprof.NoSuchType')).toBeUndefined();
  },
);
