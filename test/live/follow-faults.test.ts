import { afterEach, describe, expect, it } from 'vitest';
import { openKernel } from '../../src/engine/linux/open-kernel.ts';
import type { LiveTarget, TargetEvent } from '../../src/target/index.ts';
import { buildGo } from '../support/go-build.ts';
import { RunningProgram, until } from './running-program.ts';
import { cProgram, isTrap, missing, type Stand, Stands } from './stand.ts';

describe.skipIf(missing !== undefined)('children that are looked after', async () => {
  const stands = new Stands(await openKernel());
  const followed: LiveTarget[] = [];
  const programs: RunningProgram[] = [];
  afterEach(() => {
    for (const target of followed.splice(0)) target.kill();
    stands.close();
    for (const program of programs.splice(0)) program.kill();
  });

  /** Children of a program are followed; gives all events of theirs. */
  function following(stand: Stand, decide: (event: TargetEvent) => boolean = () => false): TargetEvent[] {
    const events: TargetEvent[] = [];
    stand.target.children = {
      wants: () => true,
      begun(child) {
        followed.push(child);
        child.accompany((event) => {
          events.push(event);
          return decide(event) ? 'stop' : 'resume';
        });
      },
    };
    return events;
  }

  const kinds = (events: readonly TargetEvent[], kind: TargetEvent['kind']): number =>
    events.filter((event) => event.kind === kind).length;

  it('of every kind, not in Go, never meet a trap of ours', async () => {
    const stand = await stands.launch(cProgram('faults'), ['children', '10']);
    following(stand);
    stand.trap('beat');
    const events = stand.run(() => false);
    expect(events.filter(isTrap)).toHaveLength(10);
    expect(kinds(events, 'fork')).toBe(70);
    expect(stand.target.ended).toEqual({ kind: 'exited', status: 0 });
    expect(followed).toEqual([]);
  });

  it('come while it is stopped at each hit and each fork', async () => {
    const stand = await stands.launch(cProgram('faults'), ['children', '3']);
    following(stand);
    stand.trap('beat');
    let [hits, forks] = [0, 0];
    while (stand.target.ended === undefined) {
      const events = stand.run((event) => event.kind === 'fork' || isTrap(event));
      hits += events.filter(isTrap).length;
      forks += kinds(events, 'fork');
    }
    expect([hits, forks]).toEqual([3, 21]);
    expect(stand.target.ended).toEqual({ kind: 'exited', status: 0 });
  });

  it.each([1, 4, 7, 11, 13])('are left alone when the program is, at its fork %i', async (wanted) => {
    const program = new RunningProgram(cProgram('faults'), ['children', '200']);
    programs.push(program);
    const stand = await stands.attach(program.executable, program.pid);
    following(stand);
    stand.trap('beat');
    let forks = 0;
    stand.run((event) => event.kind === 'fork' && ++forks === wanted);
    stand.target.detach();
    expect((await program.finish()).status).toBe(0);
  });

  it('each runs while its parent waits for it, stopped or not', async () => {
    const stand = await stands.launch(buildGo({ source: 'test/live/programs/follow-spawning.go' }), [
      'many',
      '12',
    ]);
    const events = following(stand, ({ kind }) => kind === 'fork');
    let runs = 0;
    do {
      stand.run(({ kind }) => kind === 'fork');
      runs++;
    } while (stand.target.ended === undefined);
    expect(runs).toBeGreaterThan(12);
    expect(followed).toHaveLength(12);
    const ends = events.filter((event) => event.kind === 'ended').map(({ end }) => end);
    expect(ends).toEqual(new Array(12).fill({ kind: 'exited', status: 7 }));
  });

  it('may be killed at any moment', async () => {
    const stand = await stands.launch(buildGo({ source: 'test/live/programs/follow-spawning.go' }), [
      'many',
      '8',
    ]);
    const pids: number[] = [];
    stand.target.children = {
      wants: () => true,
      begun(child) {
        followed.push(child);
        child.accompany(() => 'resume');
        const { pid } = child.process;
        pids.push(pid!);
        if (pids.length % 2 === 0) process.kill(pid!, 'SIGKILL');
      },
    };
    while (stand.target.ended === undefined) {
      stand.run(({ kind }) => kind === 'fork');
      const [last] = pids.slice(-1);
      if (pids.length % 4 === 1 && followed.at(-1)!.ended === undefined) process.kill(last!, 'SIGKILL');
    }
    await until(() => followed.every(({ ended }) => ended !== undefined), 'all have ended');
    expect(followed).toHaveLength(8);
  });
});
