import { MessageChannel, Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { LINE_BYTES, Line } from './line.ts';

function bothEnds(): {
  readonly near: Line<string, string>;
  readonly far: Line<string, string>;
  close(): void;
} {
  const { port1, port2 } = new MessageChannel();
  const counts = new SharedArrayBuffer(LINE_BYTES);
  return {
    near: new Line(port1, counts, 'near'),
    far: new Line(port2, counts, 'far'),
    close: () => port1.close(),
  };
}

describe('a line', () => {
  it('gives what was sent in its order, and nothing twice', () => {
    const { near, far, close } = bothEnds();
    near.send('one');
    near.send('two');
    far.send('answer');
    expect([far.take(0), far.take(0), far.take(0)]).toEqual(['one', 'two', undefined]);
    expect([near.take(0), near.take(0)]).toEqual(['answer', undefined]);
    close();
  });

  it('waits no longer than it is to', () => {
    const { far, close } = bothEnds();
    const before = performance.now();
    expect(far.take(20)).toBeUndefined();
    expect(performance.now() - before).toBeGreaterThanOrEqual(19);
    close();
  });

  it('gives the listener what nobody took', async () => {
    const { near, far, close } = bothEnds();
    near.send('taken');
    expect(far.take(0)).toBe('taken');
    const heard = new Promise((resolve) => far.listen(resolve));
    near.send('heard');
    expect(await heard).toBe('heard');
    // Who listened has not left anything to be taken.
    expect(far.take(0)).toBeUndefined();
    near.send('taken again');
    expect(far.take(0)).toBe('taken again');
    close();
  });

  it('wakes who waits in another thread', async () => {
    const { port1, port2 } = new MessageChannel();
    const counts = new SharedArrayBuffer(LINE_BYTES);
    const near = new Line<string, string>(port1, counts, 'near');
    // The other end, as it is made of: it answers after it was asked, when this thread waits blocked.
    const code = `
      const { receiveMessageOnPort, workerData: { port, counts } } = require('node:worker_threads');
      const [asked, answered] = [new Int32Array(counts, 0, 1), new Int32Array(counts, 4, 1)];
      Atomics.wait(asked, 0, 0);
      const { message } = receiveMessageOnPort(port);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
      port.postMessage(message + '!');
      Atomics.add(answered, 0, 1);
      Atomics.notify(answered, 0);`;
    const worker = new Worker(code, {
      eval: true,
      workerData: { port: port2, counts },
      transferList: [port2],
    });
    near.send('hello');
    expect(near.take(60_000)).toBe('hello!');
    await worker.terminate();
  });
});
