import { describe, expect, it } from 'vitest';
import { pendingSignals } from './pending-signals.ts';

const status = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('pending signals', () => {
  it('are those of the thread, not of the process', () => {
    const text = 'Name:\tapp\nSigQ:\t1/2\nSigPnd:\t8000000000000011\nShdPnd:\t0000000000000400\n';
    expect([...pendingSignals(status(text))]).toEqual([1, 5, 64]);
  });

  it('are none where the file does not say', () => {
    expect(pendingSignals(status('Name:\tapp\n')).size).toBe(0);
    expect(pendingSignals(status('SigPnd:\t0000000000000000\n')).size).toBe(0);
  });
});
