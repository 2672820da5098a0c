import { afterEach, describe, expect, it } from 'vitest';
import { type Kernel, PTRACE_EVENT, PTRACE_O, SIGNAL } from '../../target/process/kernel.ts';
import { openKernel } from './open-kernel.ts';

const kernel: Kernel = await openKernel();

describe('spawn', () => {
  it('stops at the exec with nothing run', () => {
    const { pid } = kernel.spawn(
      {
        path: '/bin/echo',
        argv: ['other name', 'hello'],
        environment: { A: '1', 'not.a.shell=name': ' ' },
        directory: '/tmp',
        terminal: { kind: 'files', stdout: '/dev/null' },
        fixedAddresses: true,
      },
      PTRACE_O.EXEC | PTRACE_O.CLONE,
    );
    expect(kernel.lastStatus).toBe(0x7f | (SIGNAL.SIGTRAP << 8) | (PTRACE_EVENT.EXEC << 16));
    expect(kernel.procLink(pid, 'exe')).toMatch(/echo$/);
    expect(kernel.procLink(pid, 'cwd')).toBe('/tmp');
    expect(text(kernel.procFile(pid, 'environ'))).toBe('A=1\0not.a.shell=name= \0');
    expect(text(kernel.procFile(pid, 'cmdline'))).toBe('other name\0hello\0');
    expect(text(kernel.procFile(pid, 'status'))).toMatch(/SigBlk:\t0{16}\nSigIgn:\t0{16}\n/);
    expect(kernel.cont(pid, 0)).toBe(true);
    expect(kernel.wait(true)).toBe(pid);
    expect(kernel.lastStatus).toBe(0);
    expect(kernel.wait(true)).toBe(-1);
  });
});

const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString();

afterEach(() => {
  while (kernel.wait(false) > 0);
});
