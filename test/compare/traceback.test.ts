import { describe, expect, it } from 'vitest';
import { compareWithTraceback, parseTraceback } from './traceback.ts';

const PRINTED = `panic: runtime error: slice bounds out of range [:8] with capacity 7

goroutine 5 gp=0x2a53a8a090e0 m=0 mp=0x529920 [running]:
panic({0x48c060?, 0x2a53a8a1c090?})
	/go/src/runtime/panic.go:879 +0x16f fp=0x2a53a8a6ae30 sp=0x2a53a8a6ad80 pc=0x47218f
main.(*pool[...]).process({0x0?, {0x2a53a8a160f0?, 0x0?, 0x0?}})
	/src/main.go:14 +0x2f
main.main.func1(...)
	/src/main.go:33
created by main.main in goroutine 1
	/src/main.go:33 +0x66

goroutine 1 gp=0x2a53a8a081e0 m=nil [chan receive (nil chan), 5 minutes]:
runtime.gopark(0x411880?)
	/go/src/runtime/proc.go:462 +0xce
`;

const place = (name: string, file: string, line: number) => ({ function: name, file, line });
const frame = (name: string, file: string, line: number) => ({
  ...place(name, file, line),
  pc: 0,
  variables: [],
});
const nowhere = place('', '', 0);

describe('a traceback', () => {
  it('is read', () => {
    const [five, one] = parseTraceback(PRINTED);
    expect(five).toEqual({
      id: 5,
      status: 'running',
      createdBy: 'main.main',
      frames: [
        place('runtime.gopanic', '/go/src/runtime/panic.go', 879),
        place('main.(*pool[...]).process', '/src/main.go', 14),
        place('main.main.func1', '/src/main.go', 33),
      ],
    });
    expect(one).toMatchObject({ id: 1, status: 'chan receive (nil chan)' });
  });

  it('is compared, the frames above it aside', () => {
    const five = {
      id: 5,
      state: '_Grunning',
      waitReason: '',
      thread: 1,
      labels: '',
      current: nowhere,
      user: nowhere,
      goStatement: place('main.main', '/src/main.go', 33),
      start: nowhere,
      frames: [
        frame('runtime.raise', '/go/src/runtime/sys.s', 1),
        frame('runtime.gopanic', '/go/src/runtime/panic.go', 880),
        frame('main.(*pool[...]).process', '/src/main.go', 15),
      ],
      problem: '',
    };
    const { compared, differences } = compareWithTraceback(parseTraceback(PRINTED), {
      goroutines: [five],
      expressions: [],
    });
    expect(compared.goroutines).toBe(2);
    expect(differences.map((d) => d.subject)).toEqual([
      'goroutine 1',
      'goroutine 5 printed frame 1',
      'goroutine 5 printed frame 2',
    ]);
  });
});
