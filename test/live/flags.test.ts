import { afterEach, describe, expect, it } from 'vitest';
import { openKernel } from '../../src/engine/linux/open-kernel.ts';
import { cProgram, isTrap, missing, Stands } from './stand.ts';

/** Instructions up to between `pushfq` and `popfq`, whatever stands before them. */
const INTO_THE_MIDDLE = 5;

describe.skipIf(missing !== undefined)('flags that a stepped program keeps', async () => {
  const kernel = await openKernel();
  const stands = new Stands(kernel);
  afterEach(() => stands.close());

  it('do not end it when it is let go before it takes them back', async () => {
    const stand = await stands.launch(cProgram('flags'), []);
    stand.trap('beat');
    stand.run(isTrap);
    const thread = stand.target.process.currentThread;
    for (let i = 0; i < INTO_THE_MIDDLE; i++) stand.run(() => true, { kind: 'step', thread });
    stand.target.detach();
    expect(kernel.waitFor(stand.pid)).toBe(stand.pid);
    expect(kernel.lastStatus).toBe(7 << 8);
  });
});
