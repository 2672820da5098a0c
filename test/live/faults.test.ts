import { afterEach, describe, expect, it } from 'vitest';
import { type RuntimeAddress, runtimeAddress } from '../../src/base/index.ts';
import { openKernel } from '../../src/engine/linux/open-kernel.ts';
import { type ProcessTarget, processEnd, type TargetEvent } from '../../src/target/index.ts';
import { run } from '../support/tools.ts';
import { cProgram, isTrap, missing, Stands } from './stand.ts';

const GETPID = 39;
const SIGSEGV = 11;

/** The first `syscall` of its text: a static program has several. */
function firstSystemCall({ modules, memory }: ProcessTarget): RuntimeAddress {
  const { start, end } = modules.executableText()!;
  const at = Buffer.from(memory.read(start, end - start)).indexOf(Buffer.from([0x0f, 0x05]));
  expect(at).toBeGreaterThanOrEqual(0);
  return runtimeAddress(start + at);
}

describe.skipIf(missing !== undefined)('what a traced process may do', async () => {
  const stands = new Stands(await openKernel());
  afterEach(() => stands.close());
  const faults = (...args: string[]) => stands.launch(cProgram('faults'), args);
  const traps = (events: readonly TargetEvent[]): number => events.filter(isTrap).length;
  const ends = (events: readonly TargetEvent[]): unknown => {
    const last = events.at(-1);
    return last?.kind === 'ended' ? last.end : last?.kind;
  };

  it('threads start and end by the thousand, and each hit is seen once', async () => {
    const stand = await faults('threads', '20');
    stand.trap('beat');
    const events = stand.run(() => false);
    expect({ hits: traps(events), end: ends(events) }).toEqual({
      hits: 1000,
      end: { kind: 'exited', status: 0 },
    });
  });

  it('a process that is killed while it is looked at ends the run, not the debugger', async () => {
    const stand = await faults('threads', '4');
    stand.trap('beat');
    const events = stand.run((event) => {
      if (!isTrap(event)) return false;
      process.kill(stand.pid, 'SIGKILL');
      // Reading fails as soon as the kernel has taken its memory away.
      for (;;) stand.target.memory.read(runtimeAddress(stand.target.modules.executable!.start), 8);
    });
    expect(ends(events)).toEqual({ kind: 'killed', signal: 9 });
  });

  it('a fault that it was about to be told of is told by the CPU when it is let go of', async () => {
    const stand = await faults('faults', '3');
    stand.run(({ kind }) => kind === 'signal');
    expect(stand.target.threads[0]!.currentSignal).toBe(SIGSEGV);
    // As we wake ourselves: it waits behind the fault.
    process.kill(stand.pid, 'SIGSTOP');
    stand.target.detach();
    const kernel = await openKernel();
    expect(kernel.waitFor(stand.pid, true)).toBe(stand.pid);
    expect(processEnd(kernel.lastStatus)).toEqual({ kind: 'exited', status: 0 });
  });

  it('system calls are made in it although there is a trap on the instruction for them', async () => {
    const stand = await faults('threads', '1');
    stand.trap('beat');
    const results: number[] = [];
    const { target } = stand;
    stand.run((event) => {
      if (event.kind !== 'trap') return false;
      // Other threads may come to it at the same time.
      if (results.length > 0) return true;
      results.push(target.systemCall(event.thread.id, GETPID, []));
      target.insertTrap(firstSystemCall(target));
      results.push(target.systemCall(event.thread.id, GETPID, []));
      return true;
    });
    expect(results).toEqual([stand.pid, stand.pid]);
  });

  it('threads start and end while it is stopped again and again', async () => {
    const stand = await faults('threads', '4');
    stand.trap('beat');
    let hits = 0;
    while (stand.target.ended === undefined) {
      const events = stand.run(isTrap);
      hits += traps(events);
    }
    expect({ hits, end: stand.target.ended }).toEqual({ hits: 200, end: { kind: 'exited', status: 0 } });
  });

  it('children of every kind never meet a trap of ours', async () => {
    const stand = await faults('children', '10');
    stand.trap('beat');
    const events = stand.run(() => false);
    expect({ hits: traps(events), end: ends(events) }).toEqual({
      hits: 10,
      end: { kind: 'exited', status: 0 },
    });
    expect(events.filter(({ kind }) => kind === 'fork')).toHaveLength(70);
  });

  it('children come while it is stopped at each hit and each fork', async () => {
    const stand = await faults('children', '3');
    stand.trap('beat');
    const kinds = new Map<string, number>();
    while (stand.target.ended === undefined) {
      for (const { kind } of stand.run((event) => event.kind === 'fork' || isTrap(event)))
        kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    }
    expect(stand.target.ended).toEqual({ kind: 'exited', status: 0 });
    expect(kinds.get('trap')).toBe(3);
    expect(kinds.get('fork')).toBe(21);
  });

  it('signals never see a slot, and none is lost to an instruction', async () => {
    const stand = await faults('signals', '2000');
    stand.trap('beat');
    const events = stand.run(() => false);
    expect(ends(events)).toEqual({ kind: 'exited', status: 0 });
  });

  it('signals come while single instructions are stepped', async () => {
    const stand = await faults('signals', '400');
    stand.trap('beat');
    stand.run(isTrap);
    const thread = stand.target.process.currentThread;
    for (let i = 0; i < 2000; i++) {
      const events = stand.run((event) => event.kind === 'step' || isTrap(event), { kind: 'step', thread });
      // For a system call the others run too, and one of them may be at the trap first.
      expect(events.some(({ kind }) => kind === 'step' || kind === 'trap')).toBe(true);
    }
    stand.target.removeTrap(stand.target.threads[0]!.pc);
    const events = stand.run(() => false);
    expect(ends(events)).toEqual({ kind: 'exited', status: 0 });
  });

  it('a fault out of line is a fault in its place', async () => {
    const stand = await faults('faults', '50');
    stand.trap('load');
    const events = stand.run(() => false);
    expect(ends(events)).toEqual({ kind: 'exited', status: 0 });
    expect(traps(events)).toBe(50);
  });

  it.each(['exec', 'exec-thread'])('%s, while others hit a trap', async (mode) => {
    const stand = await faults(mode);
    stand.trap('beat');
    const events = stand.run(({ kind }) => kind === 'exec');
    expect(events.at(-1)!.kind).toBe('exec');
    expect(stand.target.threads.map(({ id }) => id)).toEqual([stand.pid]);
    expect(traps(events)).toBeGreaterThan(0);
    expect(ends(stand.run(() => false))).toEqual({ kind: 'exited', status: 7 });
  });

  it.each(['exec', 'exec-thread'])('%s, while it is stopped at hits all the time', async (mode) => {
    const stand = await faults(mode);
    stand.trap('beat');
    const kinds: string[] = [];
    while (stand.target.ended === undefined) kinds.push(...stand.run(isTrap).map(({ kind }) => kind));
    expect(kinds).toContain('exec');
    expect(stand.target.ended).toEqual({ kind: 'exited', status: 7 });
  });

  it('the leader ends before the others', async () => {
    const stand = await faults('leaderless', '3');
    stand.trap('beat');
    for (let i = 0; i < 200; i++) expect(traps(stand.run(isTrap))).toBeGreaterThan(0);
    expect(stand.target.threads.map(({ id }) => id)).not.toContain(stand.pid);
    stand.target.kill();
    expect(stand.target.ended).toEqual({ kind: 'killed', signal: 9 });
  });

  it('a trap that is taken away while others have just hit it', async () => {
    const stand = await faults('beat', '5');
    for (let i = 0; stand.target.ended === undefined; i++) {
      const address = stand.trap('beat');
      const events = stand.run((event) => {
        if (!isTrap(event)) return false;
        stand.target.removeTrap(runtimeAddress(address));
        // Others that have hit it go on meanwhile, or are stopped with it.
        if (i === 100) process.kill(stand.pid, 'SIGUSR2');
        return i < 100;
      });
      expect(events[0]!.kind).toBe('trap');
      expect(events.filter(({ kind }) => kind === 'own-trap')).toEqual([]);
    }
    expect(stand.target.ended).toEqual({ kind: 'killed', signal: 12 });
  });

  describe('SIGKILL', () => {
    it('at a trap', async () => {
      const stand = await faults('beat', '4');
      stand.trap('beat');
      stand.run(isTrap);
      process.kill(stand.pid, 'SIGKILL');
      expect(ends(stand.run(() => false))).toEqual({ kind: 'killed', signal: 9 });
    });

    it('while a trap is decided', async () => {
      const stand = await faults('beat', '4');
      stand.trap('beat');
      stand.run((event) => {
        if (isTrap(event)) process.kill(stand.pid, 'SIGKILL');
        return isTrap(event);
      });
      // All threads may have been stopped before the kernel came to it.
      if (stand.target.ended === undefined) stand.run(() => false);
      expect(stand.target.ended).toEqual({ kind: 'killed', signal: 9 });
    });

    it.each([0, 1])('between steps of thread %i', async (index) => {
      const stand = await faults('beat', '4');
      stand.trap('beat');
      for (let i = 0; i < 10; i++) stand.run(isTrap);
      const thread = stand.target.threads[index]!.id;
      stand.run(({ kind }) => kind === 'step', { kind: 'step', thread });
      process.kill(stand.pid, 'SIGKILL');
      // Some instructions are done without the CPU, and threads die one after the other.
      while (stand.target.ended === undefined)
        stand.run(({ kind }) => kind === 'step', { kind: 'step', thread });
      expect(stand.target.ended).toEqual({ kind: 'killed', signal: 9 });
    });

    it('at any moment, from outside', async () => {
      for (let i = 0; i < 10; i++) {
        const stand = await faults('beat', '4');
        stand.trap('beat');
        run('sh', ['-c', `(sleep 0.0${i}; kill -9 ${stand.pid}) >/dev/null 2>&1 &`]);
        const [thread] = stand.target.threads;
        for (let step = 0; stand.target.ended === undefined; step++) {
          if (step % 3 === 0) stand.run(isTrap);
          else stand.run(({ kind }) => kind === 'step', { kind: 'step', thread: thread!.id });
        }
        expect(stand.target.ended).toEqual({ kind: 'killed', signal: 9 });
      }
    });
  });

  describe('job control', () => {
    it('stops it, lets it be asked to stop meanwhile, and goes on', async () => {
      const stand = await faults('beat', '3');
      run('sh', ['-c', `(sleep 0.1; kill -STOP ${stand.pid}) >/dev/null 2>&1 &`]);
      let stops = 0;
      stand.run((event) => {
        if (event.kind === 'signal' && event.info.signo === 19) {
          stops++;
          stand.interrupted = true;
        }
        return event.kind === 'interrupt';
      });
      stand.interrupted = false;
      expect(stops).toBe(1);
      run('sh', ['-c', `(sleep 0.1; kill -CONT ${stand.pid}; kill -USR1 ${stand.pid}) >/dev/null 2>&1 &`]);
      const events = stand.run(() => false);
      expect(ends(events)).toEqual({ kind: 'killed', signal: 10 });
    });
  });
});
