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

test.skipIf(missingForCore({ fixture: 'packages' }) !== undefined)(
  'a type is found by its full name, and by a short one that means only one type',
  async () => {
    const { program } = await fixtureProgram({ fixture: 'packages' });
    const registers = program.typeNamed('internal/abi.RegArgs');
    expect(registers?.kind).toBe('struct');
    expect(program.typeNamed('abi.RegArgs')).toBe(registers);
    expect(program.typeNamed('runtime.g')?.kind).toBe('struct');
    const path = 'example.com/fixtures/packages';
    expect(program.typeNamed(`${path}/a/shared.Item`)?.kind).toBe('struct');
    expect(program.typeNamed(`${path}/b.v2/shared.Item`)?.kind).toBe('struct');
    expect(program.typeNamed('shared.Item')).toBeUndefined();
    expect(program.typeNamed('shared.NoSuchType')).toBeUndefined();
  },
);
