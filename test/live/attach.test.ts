import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { UserError } from '../../src/base/index.ts';
import { openKernel } from '../../src/engine/linux/open-kernel.ts';
import { attachSleeper, attachTarget, inspectTarget } from '../../src/engine/live/open-live-target.ts';
import { type Kernel, KernelError } from '../../src/target/process/kernel.ts';
import { until } from './running-program.ts';
import { cProgram, isTrap, missing, Stands } from './stand.ts';

describe.skipIf(missing !== undefined)('attach', async () => {
  const stands = new Stands(await openKernel());
  const started: number[] = [];
  afterEach(() => {
    stands.close();
    for (const pid of started.splice(0)) process.kill(pid, 'SIGKILL');
  });

  async function running(...args: string[]): Promise<number> {
    const child = spawn(cProgram('faults'), args, { stdio: 'ignore' });
    await once(child, 'spawn');
    started.push(child.pid!);
    return child.pid!;
  }
  const threads = (pid: number): number =>
    Number(/^Threads:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
  const attach = (pid: number) => stands.attach(cProgram('faults'), pid);

  it('is refused for a process whose leader has ended', async () => {
    const pid = await running('leaderless', '3');
    await until(() => /^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')), 'it has ended');
    await expect(attach(pid)).rejects.toThrow('the first thread');
    expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/^TracerPid:\s*0$/m);
  });

  it('to many threads, and lets go of them, again and again', async () => {
    const pid = await running('beat', '40');
    await until(() => threads(pid) === 41, 'they run');
    for (let i = 0; i < 10; i++) {
      const stand = await attach(pid);
      expect(stand.target.threads).toHaveLength(41);
      stand.trap('beat');
      expect(stand.run(isTrap).filter(isTrap).length).toBeGreaterThan(0);
      stand.target.detach();
      expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/^TracerPid:\s*0$/m);
    }
  });

  it('to one thread that ends before it could be stopped takes another', async () => {
    const pid = await running('naps');
    await until(() => threads(pid) === 2, 'it has a thread that ends');
    const real = await openKernel();
    const seized: number[] = [];
    const procFolder = (of: number, name: string): readonly string[] | undefined => {
      for (;;) {
        const found = real.procFolder(of, name);
        const ending = found?.filter((id) => Number(id) !== pid);
        if (seized.length > 0 || ending === undefined) return found;
        if (ending.length > 0) return ending;
      }
    };
    const seize = (id: number, options: number): void => {
      real.seize(id, options);
      if (seized.push(id) > 1) return;
      // It is a zombie then: whoever traces it has to take its end.
      while (!/^State:\tZ/m.test(readFileSync(`/proc/${pid}/task/${id}/status`, 'utf8')));
    };
    const own: Partial<Kernel> = { procFolder, seize };
    const kernel = new Proxy(real, {
      get(target, name) {
        const value: unknown = Reflect.get(own, name) ?? Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const target = await attachSleeper(kernel, pid);
    expect(seized.length).toBeGreaterThan(1);
    expect(target.ended).toBeUndefined();
    // What it starts while it is being stopped is traced too.
    expect(target.threads.map(({ id }) => id)).toContain(seized.at(-1));
    target.detach();
    expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/^TracerPid:\s*0$/m);
  });

  it.each([
    ['itself', () => process.pid, 'a debugger cannot attach to itself'],
    ['nobody', () => 4_000_000, 'there is no process 4000000'],
  ])('is refused for %s', async (_, pid, message) => {
    await expect(attach(pid())).rejects.toThrow(message);
  });

  it.each([
    ['attached to', attachTarget],
    ['looked at', (kernel: Kernel, pid: number) => inspectTarget(kernel, pid)],
  ] as const)('is refused for one that may not be %s', async (_, open) => {
    const pid = await running('beat', '1');
    // As for a process of another user's: its executable is not shown.
    const kernel = Object.create(await openKernel(), {
      procLink: {
        value: () => {
          throw new KernelError('readlink /proc/PID/exe', 'EACCES');
        },
      },
    }) as Kernel;
    const failure = await open(kernel, pid, () => false).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UserError);
    expect((failure as UserError).message).toBe(`the kernel does not permit tracing process ${pid}`);
    expect((failure as UserError).remedy).toMatch(/run mattock as root/);
  });

  it('is refused for a thread, with the process that it belongs to', async () => {
    const stand = await stands.launch(cProgram('faults'), ['beat', '2']);
    stand.trap('beat');
    for (let i = 0; i < 5; i++) stand.run(isTrap);
    const thread = stand.target.threads.find(({ id }) => id !== stand.pid)!;
    await expect(attach(thread.id)).rejects.toThrow(`${thread.id} is a thread of process ${stand.pid}`);
  });

  it('is refused for one that another debugger traces, which is named', async () => {
    const pid = await running('beat', '1');
    const tracer = spawn('strace', ['-qq', '-e', 'trace=none', '-p', String(pid)], { stdio: 'ignore' });
    const failed = await Promise.race([
      once(tracer, 'error').then(() => true),
      once(tracer, 'spawn').then(() => false),
    ]);
    if (failed) return;
    await until(
      () => /^TracerPid:\s*[1-9]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')),
      'it is traced',
    );
    await expect(attach(pid)).rejects.toThrow(`is traced by process ${tracer.pid} (strace) already`);
    tracer.kill();
    await once(tracer, 'exit');
  });
});
