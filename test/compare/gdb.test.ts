import { expect, it } from 'vitest';
import { parseBacktraces, SIGNAL_RETURN } from './gdb.ts';

it('reads the backtraces of gdb', () => {
  const text = `[Current thread is 1 (LWP 12)]
#0  runtime.raise () at /go/sys.s:154

Thread 2 (Thread 0x7f0080a3e6c0 (LWP 13)):
#0  0x000000000047c4d7 in ?? ()
#1  main.(*T).f (t=..., ~r0=...) at /src/main.go:9

Thread 1 (LWP 12):
#0  runtime.raise () at /go/sys.s:154
#1  0x0000000000445a10 in runtime.die (sig=...) at /go/signal.go:73
#2  <signal handler called>
#3  _start () from /lib/libc.so
`;
  expect(parseBacktraces(text)).toEqual(
    new Map([
      [13, new Set(['main.(*T).f /src/main.go:9'])],
      [12, new Set(['runtime.raise /go/sys.s:154', 'runtime.die /go/signal.go:73', SIGNAL_RETURN])],
    ]),
  );
});
