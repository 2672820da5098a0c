import { describe, expect, it } from 'vitest';
import { threadId } from '../base/index.ts';
import type { Goroutine } from '../golang/index.ts';
import { commandTable } from './commands.ts';
import { executeLine } from './execute.ts';
import { PLAIN } from './output/style.ts';
import { execute } from './testing/execute.ts';
import { at, type FakeFacts, fakeFrame, fakeGoroutine, fakeSession } from './testing/fake-program.ts';

const textOf = async (line: string, facts?: FakeFacts): Promise<string> =>
  (await execute(fakeSession(facts), line)).text;

const resultOf = async (line: string, facts?: FakeFacts): Promise<unknown> =>
  JSON.parse((await execute(fakeSession(facts), line, 'json')).text);

describe('executeLine', () => {
  it('does nothing for empty lines and comments', async () => {
    expect(await execute(fakeSession(), '  # note')).toMatchObject({ ok: true, text: '', repeats: false });
  });

  it('gives errors as data, with the column in the whole line', async () => {
    const { error, ok } = await execute(fakeSession(), 'goroutine 18 frame 1 stack -nope');
    expect(ok).toBe(false);
    expect(error).toMatchObject({ message: 'there is no flag -nope', column: 27, family: 'user' });
  });

  it('writes errors into JSON', async () => {
    expect(await resultOf('goroutine 99')).toMatchObject({
      command: 'goroutine',
      arguments: '99',
      error: { message: 'there is no goroutine 99', family: 'user' },
    });
    expect(await resultOf('grs -state nope')).toMatchObject({ command: 'goroutines', error: { column: 11 } });
  });

  it('offers commands that begin alike', async () => {
    const { error } = await execute(fakeSession(), 'gorout');
    expect(error?.remedy).toContain('goroutines');
  });

  it('stops a stream when it is cancelled, with the rows before it', async () => {
    let asked = 0;
    const many = Array.from({ length: 5000 }, (_, i) => fakeGoroutine({ id: i + 1 }));
    const session = fakeSession({ goroutines: many, cancelled: () => ++asked > 4 });
    const { error, text } = await execute(session, 'goroutines');
    expect(error?.message).toBe('interrupted');
    expect(text.split('\n').length).toBeLessThan(5000);
  });

  it('knows the aliases of the user', async () => {
    const session = fakeSession();
    await execute(session, 'config alias threads ths');
    expect((await execute(session, 'ths')).ok).toBe(true);
    expect((await execute(session, 'config alias threads bt')).error?.message).toContain('already');
    await execute(session, 'config alias ths');
    expect((await execute(session, 'ths')).error?.message).toBe('there is no command ths');
  });

  it('shows the verdict before goroutines are counted', async () => {
    const session = fakeSession();
    const shown: string[] = [];
    let before: string[] = [];
    Object.defineProperty(session.verdict, 'counts', {
      get() {
        before = [...shown];
        return { total: 7, byState: new Map([['_Grunnable', 7]]) };
      },
    });
    await executeLine(session, commandTable, 'verdict', { format: 'text', style: PLAIN }, (text) => {
      shown.push(text);
    });
    expect(before.join('')).toContain('Goroutine 1 - ');
    expect(shown.join('')).toMatch(/7 goroutines: 7 _Grunnable\n$/);
  });

  it('leaves what is wrong with the output to whoever writes it', async () => {
    const session = fakeSession();
    for (const format of ['text', 'json'] as const) {
      const fail = (): never => {
        throw new RangeError('the pipe is broken');
      };
      const options = { format, style: PLAIN };
      await expect(executeLine(session, commandTable, 'help', options, fail)).rejects.toThrow(RangeError);
      const later = () => Promise.reject(new RangeError('the pipe is broken'));
      await expect(executeLine(session, commandTable, 'help', options, later)).rejects.toThrow(RangeError);
    }
  });

  it('writes what failed, and why, into a transcript', async () => {
    const files: Record<string, string> = {};
    const session = fakeSession({ files });
    await execute(session, 'transcript -x log');
    await execute(session, 'goroutine 99');
    expect(files.log).toContain('(mattock) goroutine 99\nerror: there is no goroutine 99\n');
  });

  it('ends with exit', async () => {
    expect(await execute(fakeSession(), 'q')).toMatchObject({ exit: true, ok: true });
  });
});

describe('goroutines', () => {
  it('lists them by number, the selected one marked, with what they wait for', async () => {
    expect(await textOf('goroutines')).toBe(
      [
        '* Goroutine 1 - User: /src/app/main.go:34 main.main (0x4ce000) (thread 100)',
        '  Goroutine 18 - User: /src/app/main.go:10 main.worker (0x4cd000) [chan receive 5m12s]',
        '[2 goroutines]',
        '',
      ].join('\n'),
    );
  });

  it('shows other places, labels and stacks', async () => {
    const labelled = [
      fakeGoroutine({ id: 5, labels: new Map([['job', 'a"b']]), state: '_Grunnable', scanning: true }),
    ];
    const text = await textOf('grs -s -l -t 2', { goroutines: labelled });
    expect(text).toBe(
      [
        '  Goroutine 5 - Start: /src/app/main.go:8 main.worker (0x4cd000) [_Grunnable|_Gscan]',
        '\tLabels: "job":"a\\"b"',
        '\t0  0x000000000046e05c in runtime.gopark',
        '\t   at /src/app/runtime.go:425',
        '\t1  0x00000000004cdfc9 in main.inner (inlined)',
        '\t   at /src/app/main.go:93',
        '\t(truncated)',
        '[1 goroutine]',
        '',
      ].join('\n'),
    );
  });

  const mixed: Goroutine[] = [
    fakeGoroutine({
      id: 3,
      state: '_Grunning',
      thread: threadId(100),
      userLocation: at('main.busy', 7, 0x4ca000),
    }),
    fakeGoroutine({ id: 2, waitReason: 'chan send', waited: 10e9, labels: new Map([['k', 'v']]) }),
    fakeGoroutine({ id: 1, waitReason: 'select', waited: 600e9, system: true }),
    fakeGoroutine({ id: 4, waitReason: 'chan receive (nil chan)' }),
  ];

  it.each([
    ['-state waiting', [1, 2, 4]],
    ['-state running -state syscall', [3]],
    ['-reason chan', [2, 4]],
    ['-reason CHAN', [2, 4]],
    ["-waited '>5m'", [1]],
    ['-waited <1m', [2]],
    ['-with user', [2, 3, 4]],
    ['-without user', [1]],
    ['-with running', [3]],
    ['-with label k', [2]],
    ['-with label k=x', []],
    ['-w userloc busy', [3]],
    ['-wo userloc busy -with startloc main.go:8', [1, 2, 4]],
    ['-skip 1 -limit 2', [2, 3]],
  ])('goroutines %s', async (flags, ids) => {
    const data = (await resultOf(`goroutines ${flags}`, { goroutines: mixed })) as {
      result: { goroutines: { id: number }[]; count: number };
    };
    expect(data.result.goroutines.map(({ id }) => id)).toEqual(ids);
    expect(data.result.count).toBe(ids.length);
  });

  it('finds those that wait on a channel', async () => {
    const channel = {
      address: 0xc00001c0e0 as never,
      length: 0,
      capacity: 5,
      closed: false,
      elementType: 'int',
      sendWaiters: [],
      receiveWaiters: [],
    };
    const blocked = [
      ...mixed,
      fakeGoroutine({
        id: 9,
        waitReason: 'chan receive',
        blockedOn: { kind: 'channel', operation: 'receive', channel },
      }),
    ];
    const text = await textOf('goroutines -reason receive', { goroutines: blocked });
    expect(text).toContain('[chan receive: chan int 0xc00001c0e0 (0 of 5)]');
  });

  it('groups, the largest first, and keeps few of each', async () => {
    const many = Array.from({ length: 30 }, (_, i) =>
      fakeGoroutine({ id: i, userLocation: at('main.f', i % 5 === 0 ? 1 : 2, 0x1000) }),
    );
    const data = (await resultOf('goroutines -group userloc -n 2', { goroutines: many })) as {
      result: { groups: { name: string; total: number; goroutines: unknown[] }[]; count: number };
    };
    expect(data.result.groups).toMatchObject([
      { name: '/src/app/main.go:2 in main.f', total: 24 },
      { name: '/src/app/main.go:1 in main.f', total: 6 },
    ]);
    expect(data.result.groups[0]!.goroutines).toHaveLength(2);
    expect(data.result.count).toBe(30);
  });

  it('runs a command on each, and goes on when one fails', async () => {
    const text = await textOf('goroutines -exec frame 9 list');
    expect(text.match(/has no frame 9/g)).toHaveLength(2);
    expect(text).toContain('[2 goroutines]');
  });

  it('fails at once when the command itself is wrong', async () => {
    expect((await execute(fakeSession(), 'goroutines -exec nope')).error).toMatchObject({ column: 17 });
  });
});

describe('the selection', () => {
  it('begins where the verdict points to', async () => {
    const frame = fakeFrame(2, at('main.worker', 12, 0x4cdfc9));
    const { result } = (await resultOf('stack', { verdict: { frame } })) as { result: { selected: number } };
    expect(result.selected).toBe(2);
  });

  it('moves up and down, and runs commands elsewhere without moving', async () => {
    const session = fakeSession();
    await execute(session, 'frame 1');
    await execute(session, 'up');
    expect(session.selection.frame).toBe(2);
    await execute(session, 'frame 0 stack');
    expect(session.selection.frame).toBe(2);
    expect((await execute(session, 'down 3')).ok).toBe(false);
    expect((await execute(session, 'up 2')).error?.message).toBe('goroutine 1 has no frame 4');
    await execute(session, 'goroutine 18');
    expect(session.selection).toMatchObject({ frame: 0, goroutine: { id: 18 } });
    await execute(session, 'thread 100');
    expect(session.selection).toMatchObject({ thread: 100, goroutine: { id: 1 } });
  });

  it('stays where it is whatever is done elsewhere', async () => {
    const session = fakeSession();
    await execute(session, 'frame 1');
    const before = session.selection;
    const elsewhere = [
      'goroutine 18 frame 1',
      'goroutine 18 up',
      'goroutine 18 goroutine 18',
      'goroutines -exec frame 0',
      'goroutines -exec goroutine 18',
      'frame 2 up',
      'frame 2 thread 100',
      'frame 2 goroutine 18 frame 1',
      'deferred 1 frame 2',
    ];
    for (const line of elsewhere) {
      expect((await execute(session, line)).ok, line).toBe(true);
      expect(session.selection, line).toBe(before);
    }
    expect((await execute(session, 'goroutine 18 frame 99')).ok).toBe(false);
    expect(session.selection).toBe(before);
  });

  it('gives the result of the inner command', async () => {
    const outer = (await resultOf('goroutine 18 stack 2')) as {
      result: { frames: unknown[]; goroutine: number };
    };
    expect(outer.result.frames).toHaveLength(2);
    expect(outer.result.goroutine).toBe(18);
  });
});

describe('stack', () => {
  it('marks the selected frame, inlined calls and where it ends', async () => {
    const stack = {
      frames: [
        fakeFrame(0, at('main.f', 3, 0x4cdfc9), { arrivedBy: 'start' as const }),
        fakeFrame(
          1,
          { pc: 0x7f0012340000 as never, function: undefined, position: undefined },
          { arrivedBy: 'signal' },
        ),
      ],
      end: { kind: 'broken' as const, pc: 0x10 as never, sp: 0x20 as never, reason: 'no code here' },
    };
    expect(await textOf('bt', { stack })).toBe(
      [
        '0* 0x00000000004cdfc9 in main.f',
        '   at /src/app/main.go:3',
        '1  0x00007f0012340000 in ? (interrupted by a signal)',
        '   at ?',
        '(the stack is broken here: no code here; pc 0x10, sp 0x20)',
        '',
      ].join('\n'),
    );
  });

  it('shows offsets from the high end', async () => {
    expect(await textOf('stack 1 -offsets')).toContain('frame: -0x1000 frame pointer ?');
  });
});

describe('source and list', () => {
  const sources = { '/src/app/main.go': 'package main\n\nfunc main() {\n\tx()\n}\n' };

  it('shows the lines around', async () => {
    expect(await textOf('list main.go:99', { sources })).toBe('');
    const stack = { frames: [fakeFrame(0, at('main.main', 4, 0x4ce000))], end: { kind: 'bottom' as const } };
    expect(await textOf('list', { sources, stack })).toBe(
      [
        '/src/app/main.go:4 main.main (PC: 0x4ce000)',
        '    1:    package main',
        '    2:',
        '    3:    func main() {',
        '=>  4:        x()',
        '    5:    }',
        '',
      ].join('\n'),
    );
  });

  it('finds a file that was elsewhere', async () => {
    const session = fakeSession({
      sources: { '/here/main.go': 'line one\n' },
      stack: { frames: [fakeFrame(0, at('main.main', 1, 0x4ce000))], end: { kind: 'bottom' } },
    });
    expect((await execute(session, 'list')).error?.remedy).toContain('substitute-path');
    await execute(session, 'config substitute-path /src/app /here');
    expect((await execute(session, 'list')).text).toContain('=>  1:    line one');
  });
});

describe('command files', () => {
  it('run line by line, tell errors with their place, and go on', async () => {
    const files = { triage: '# first\nframe 1\n\nnope\nstack 1\n' };
    const session = fakeSession({ files });
    const { text, ok, error } = await execute(session, 'source triage');
    expect(text).toContain('Frame 1 of goroutine 1');
    expect(text).toContain('triage:4: there is no command nope');
    expect(text).toContain('0  0x000000000046e05c');
    expect({ ok, error }).toEqual({ ok: false, error: undefined });
  });

  it('do not run each other for ever', async () => {
    const { text, ok } = await execute(fakeSession({ files: { loop: 'source loop' } }), 'source loop');
    expect(text).toContain('more than 16 deep');
    expect(ok).toBe(false);
  });
});

describe('transcript', () => {
  it('keeps what commands print, and alone if asked to', async () => {
    const files: Record<string, string> = {};
    const session = fakeSession({ files });
    await execute(session, 'transcript -x notes');
    expect((await execute(session, 'threads')).text).toBe('');
    await execute(session, 'transcript -off');
    expect((await execute(session, 'threads')).text).not.toBe('');
    expect(files.notes).toContain('(mattock) threads\n* Thread 100 at');
    expect(files.notes?.match(/Thread 101/g)).toHaveLength(1);
  });
});

describe('memory and registers', () => {
  const memory = new Map([[0x1000, Uint8Array.from({ length: 20 }, (_, i) => 0x41 + i)]]);

  it('examines memory', async () => {
    expect(await textOf('x -count 2 -size 2 0x1000', { memory })).toBe('0x1000:  0x4241  0x4443\n');
    expect(await textOf('x -fmt dec -count 8 -size 4 0x1000', { memory })).toContain(
      '(not readable from 0x1014 on)',
    );
    expect((await execute(fakeSession({ memory }), 'x 0x9000')).error?.message).toBe(
      'the memory at 0x9000 is not readable',
    );
  });

  it('examines memory as text, which steers no terminal', async () => {
    const bytes = Uint8Array.of(0x68, 0xc3, 0xa9, 0x0a, 0x1b, 0x5b, 0xff, 0x21);
    expect(await textOf('x -fmt raw -count 8 0x1000', { memory: new Map([[0x1000, bytes]]) })).toBe(
      'hé\n\\x1b[\\xff!\n',
    );
  });

  it('shows memory as bytes and text', async () => {
    expect(await textOf('mem read 0x1000 18', { memory })).toBe(
      [
        '0x1000:  41 42 43 44 45 46 47 48  49 4a 4b 4c 4d 4e 4f 50  ABCDEFGHIJKLMNOP',
        '0x1010:  51 52                                             QR',
        '',
      ].join('\n'),
    );
  });

  it('shows registers, flags by name', async () => {
    const text = await textOf('regs');
    expect(text).toContain('rip = 0x000000000046e05c');
    expect(text).toMatch(/rflags = 0x0000000000000246 {2}\[PF ZF IF.*\]/);
    expect(await textOf('regs rip')).toBe('rip = 0x000000000046e05c\n');
    expect((await execute(fakeSession(), 'regs zip')).error?.message).toBe('amd64 has no register zip');
  });
});

describe('config, display and help', () => {
  it('shows and sets parameters', async () => {
    const session = fakeSession();
    expect((await execute(session, 'config max-string-len 7')).text).toBe('max-string-len  7\n');
    expect(session.settings.limits().maxStringLength).toBe(7);
    expect((await execute(session, 'config -list')).text).toContain('disassemble-flavour');
    expect((await execute(session, 'config tab "\t"')).ok).toBe(true);
    expect(session.settings.values.tab).toBe('\t');
    expect((await execute(session, 'config nope 1')).error?.message).toBe('there is no parameter nope');
    expect((await execute(session, 'config -save')).text).toBe('saved in settings\n');
  });

  it('refuses to take back what is not displayed', async () => {
    expect((await execute(fakeSession(), 'display -d 3')).error?.message).toBe('nothing is displayed as 3');
  });

  it('explains every command', async () => {
    const list = await textOf('help');
    for (const { name, summary } of commandTable.commands) {
      expect(list).toContain(name);
      expect(await textOf(`help ${name}`)).toContain(`${summary}.`);
    }
  });
});

describe('verdict', () => {
  it('says what ended the program, and where', async () => {
    const sources = { '/src/app/main.go': Array.from({ length: 50 }, (_, i) => `line ${i + 1}`).join('\n') };
    const text = await textOf('verdict', {
      sources,
      warnings: ['the core is cut'],
      verdict: {
        signal: {
          number: 11,
          name: 'SIGSEGV',
          meaning: 'invalid memory reference',
          code: { name: 'SEGV_MAPERR', meaning: 'address not mapped' },
          sender: undefined,
        },
        fault: { address: 0 as never, what: 'nil page' },
        panics: [
          {
            argument: 0x10 as never,
            type: 'runtime.errorString',
            text: 'index out of range [5]',
            recovered: false,
            goexit: false,
          },
        ],
        frame: fakeFrame(3, at('main.main', 34, 0x4ce000)),
        counts: {
          total: 4,
          byState: new Map([
            ['_Grunning', 1],
            ['_Gwaiting', 3],
          ]),
        },
      },
    });
    expect(text).toBe(
      [
        'Warning: the core is cut',
        './app -x, process 100, go1.26.8, amd64',
        'panic: index out of range [5] (runtime.errorString)',
        'signal 11 SIGSEGV: invalid memory reference (SEGV_MAPERR: address not mapped)',
        'fault address 0x0: nil page',
        'Goroutine 1 - User: /src/app/main.go:34 main.main (0x4ce000) (thread 100)',
        'Frame 3: main.main at /src/app/main.go:34 (PC: 0x4ce000)',
        '    32:    line 32',
        '    33:    line 33',
        '=>  34:    line 34',
        '    35:    line 35',
        '    36:    line 36',
        '4 goroutines: 3 _Gwaiting, 1 _Grunning',
        '',
      ].join('\n'),
    );
  });
});
