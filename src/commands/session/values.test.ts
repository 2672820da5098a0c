import { expect, test } from 'vitest';
import { linkedAddress } from '../../base/index.ts';
import { AT, FORM, TAG } from '../../image/dwarf/constants.ts';
import { openDebugInfo } from '../../image/dwarf/debug-info-reader.ts';
import { cRoot, DwarfBuilder } from '../../image/dwarf/testing/dwarf-builder.ts';
import { undescribed } from './values.ts';

const span = (from: number) =>
  [
    [AT.lowPc, FORM.addr, from],
    [AT.highPc, FORM.udata, 0x10],
  ] as const;

const built = new DwarfBuilder()
  .unit(5, cRoot('whole.c', span(0x1000)), (b) =>
    b.die(TAG.subprogram, [[AT.name, FORM.string, 'whole'], ...span(0x1000)]),
  )
  .unit(5, cRoot('five.c', [...span(0x2000), [AT.splitName, FORM.string, 'five.dwo']]))
  .unit(4, cRoot('four.c', [...span(0x3000), [AT.gnuSplitName, FORM.string, 'four.dwo']]));

test('of a function that is described elsewhere or not at all it is said so', () => {
  const info = openDebugInfo(built.source())!;
  const said = (pc: number) => undescribed(info, 'deref', linkedAddress(pc)).message;
  expect(info.functionAt(linkedAddress(0x1004))?.name).toBe('whole');
  expect(info.functionAt(linkedAddress(0x2004))).toBeUndefined();
  expect(said(0x2004)).toBe('the variables of deref are described in five.dwo: split DWARF is not read');
  expect(said(0x3004)).toContain('four.dwo');
  expect(said(0x4004)).toBe('there is no DWARF of deref: nothing is known of its variables');
});
