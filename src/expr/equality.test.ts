import { expect, test } from 'vitest';
import { fakeProgram } from '../golang/values/testing/fake-program.ts';
import { interfaceType } from '../golang/values/testing/fake-types.ts';
import { equalValues } from './equality.ts';
import { INT } from './synthetic-types.ts';
import type { Value } from './value.ts';

test('an interface that is optimised out is not a nil one', () => {
  const lost: Value = {
    type: interfaceType('interface {}', true),
    storage: { kind: 'none', reason: 'optimised out' },
  };
  const zero: Value = { type: INT, storage: { kind: 'bytes', bytes: new Uint8Array(8) } };
  expect(() => equalValues(fakeProgram(), lost, zero)).toThrow('optimised out');
  expect(() => equalValues(fakeProgram(), lost, lost)).toThrow('optimised out');
});
