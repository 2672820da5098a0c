import { describe, expect, it } from 'vitest';
import { CodeOrigins, ORIGIN, packageOf } from './code-origin.ts';
import { Places } from './places.ts';
import { Story } from './testing/story.ts';

const ROOT = '/usr/local/go/src';

function placeOf(frames: readonly string[]) {
  const story = new Story();
  const id = story.stack(frames);
  const places = new Places(story.builder.build());
  return { where: places.place(places.of(id)), site: places.place(places.site(id)) };
}

describe('the line that a stack stands for', () => {
  it('is the innermost of the program', () => {
    const { where } = placeOf([
      `runtime.chanrecv1 ${ROOT}/runtime/chan.go:1`,
      'example.com/lib.Get /home/u/go/pkg/mod/example.com/lib@v1.2.0/get.go:7',
      'app/store.(*DB).Load /home/u/app/store/db.go:12',
      'main.main /home/u/app/main.go:3',
    ]);
    expect(where).toEqual({ function: 'app/store.(*DB).Load', file: '/home/u/app/store/db.go', line: 12 });
  });

  it('is of a module without the program, of the standard library without modules, above the machinery', () => {
    const machinery = [`internal/poll.(*FD).Read ${ROOT}/internal/poll/fd_unix.go:1`];
    const standard = `net/http.(*conn).serve ${ROOT}/net/http/server.go:2`;
    const module = 'example.com/lib.F /m/pkg/mod/example.com/lib@v1.0.0/f.go:3';
    expect(placeOf([...machinery, standard, module]).where?.line).toBe(3);
    expect(placeOf([...machinery, `net.(*conn).Read ${ROOT}/net/net.go:9`, standard]).where?.line).toBe(9);
    expect(placeOf(machinery).where?.line).toBe(1);
    const assembly = `runtime.systemstack_switch ${ROOT}/runtime/asm_amd64.s:516`;
    expect(placeOf([assembly, `runtime.gcMarkDone ${ROOT}/runtime/mgc.go:8`]).where?.line).toBe(8);
    expect(placeOf([assembly]).where?.line).toBe(516);
    expect(placeOf([]).where).toBeUndefined();
  });

  it('is the go statement of a stack where one is created, whoever wrote it', () => {
    const frames = [`net/http.(*Server).Serve ${ROOT}/net/http/server.go:5`, 'main.main /x/main.go:6'];
    expect(placeOf(frames).site?.line).toBe(5);
    expect(placeOf(frames).where?.line).toBe(6);
  });
});

describe('whose code a frame is', () => {
  const frame = (name: string, file: string) => ({ pc: 1, function: name, file, line: 1 });

  it('is told without the path of GOROOT too', () => {
    const origins = new CodeOrigins(new Story().builder.build().stacks);
    expect(origins.of(frame('net/http.(*conn).serve', 'net/http/server.go'))).toBe(ORIGIN.standard);
    expect(origins.of(frame('example.com/a.F', 'example.com/a/f.go'))).toBe(ORIGIN.own);
    expect(origins.of(frame('example.com/b.F', 'example.com/b@v1.0.0/f.go'))).toBe(ORIGIN.dependency);
    expect(origins.of(frame('main.main', 'm/main.go'))).toBe(ORIGIN.own);
    expect(origins.of(frame('sync.(*Mutex).Lock', 'sync/mutex.go'))).toBe(ORIGIN.machinery);
  });

  it('takes packages from the names of functions', () => {
    expect(packageOf('example.com/a.b/c.(*T).M')).toBe('example.com/a.b/c');
    expect(packageOf('main.Map[example.com/x.T].Get')).toBe('main');
    expect(packageOf('example.com/v2.F[go.shape.int]')).toBe('example.com/v2');
  });
});
