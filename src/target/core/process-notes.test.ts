import { describe, expect, it } from 'vitest';
import { auxvNote, fileNote, statusNote } from '../testing/core-builder.ts';
import { parseNotes } from '../testing/parse-notes.ts';
import { parseAuxv, parseFileNote, parseProcessStatus } from './process-notes.ts';

const data = (note: Uint8Array) => parseNotes([note])[0]!.description;

describe('notes about the process', () => {
  it('list mapped files', () => {
    const note = fileNote([
      { start: 0x1000, end: 0x3000, path: '/bin/app' },
      { start: 0x3000, end: 0x4000, page: 2, path: '/lib/ü.so' },
    ]);
    expect(parseFileNote(data(note), 'core')).toEqual([
      { start: 0x1000, end: 0x3000, fileOffset: 0, path: '/bin/app' },
      { start: 0x3000, end: 0x4000, fileOffset: 0x2000, path: '/lib/ü.so' },
    ]);
  });

  it('are refused when they claim more than they hold', () => {
    const claims = data(fileNote([{ start: 0, end: 1, path: '/f' }])).slice();
    claims[0] = 200;
    expect(() => parseFileNote(claims, 'core')).toThrow('claims 200 mappings');
    expect(() =>
      parseFileNote(data(fileNote([{ start: 0, end: 1, path: '/f' }])).subarray(0, 41), 'core'),
    ).toThrow('a string has no end');
  });

  it('hold the auxiliary vector', () => {
    expect(parseAuxv(data(auxvNote({ 3: 0x40, 9: 0x401000 })))).toEqual(
      new Map([
        [3, 0x40],
        [9, 0x401000],
      ]),
    );
    expect(parseAuxv(new Uint8Array(7))).toEqual(new Map());
  });

  it('hold the name and the command line', () => {
    expect(parseProcessStatus(data(statusNote(42, 'app', './app -x ')))).toEqual({
      pid: 42,
      name: 'app',
      commandLine: './app -x',
    });
    expect(parseProcessStatus(new Uint8Array(100))).toBeUndefined();
  });
});
