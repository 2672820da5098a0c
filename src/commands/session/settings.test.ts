import { describe, expect, it } from 'vitest';
import { Settings, settingNamed, substitutePath } from './settings.ts';

describe('Settings', () => {
  it("begins with the defaults, which are Delve's", () => {
    expect(new Settings().limits()).toEqual({
      maxStringLength: 64,
      maxArrayValues: 64,
      maxVariableRecurse: 1,
      maxStructFields: -1,
    });
  });

  it('saves what differs and reads it again, with what it does not know', () => {
    const first = new Settings();
    first.load('{"max-string-len": 99, "from-the-future": [1], "aliases": {"goroutines": ["gs"]}}', 'f');
    first.setSimple('disassemble-flavour', 'intel');
    const second = new Settings();
    second.load(first.save(), 'f');
    expect(second.values['max-string-len']).toBe(99);
    expect(second.values['disassemble-flavour']).toBe('intel');
    expect(second.values.aliases).toEqual({ goroutines: ['gs'] });
    expect(JSON.parse(second.save())).toMatchObject({ 'from-the-future': [1] });
    expect(JSON.parse(new Settings().save())).toEqual({});
  });

  it('knows the other spelling', () => {
    expect(settingNamed('disassemble-flavor')).toBe('disassemble-flavour');
    expect(() => settingNamed('nope')).toThrow('there is no parameter nope');
  });

  it('refuses values of the wrong kind', () => {
    const settings = new Settings();
    expect(() => settings.setSimple('max-string-len', 'many')).toThrow(
      'many is not a value for max-string-len',
    );
    expect(() => settings.load('{"substitute-path": 5}', 'file')).toThrow('file: substitute-path');
    expect(() => settings.load('[]', 'file')).toThrow('not an object');
    expect(() => settings.load('{', 'file')).toThrow('file is not JSON');
  });
});

describe('substitutePath', () => {
  const rules = [
    { from: '/build/src', to: '/home/me/src' },
    { from: '', to: '/relative' },
    { from: '/cut/', to: '' },
  ];
  it.each([
    ['/build/src/main.go', '/home/me/src/main.go'],
    ['/build/srcs/main.go', '/build/srcs/main.go'],
    ['pkg/a.go', '/relative/pkg/a.go'],
    ['/cut/b.go', 'b.go'],
    ['/other/c.go', '/other/c.go'],
  ])('takes %s to %s', (path, expected) => {
    expect(substitutePath(path, rules)).toBe(expected);
  });
});
