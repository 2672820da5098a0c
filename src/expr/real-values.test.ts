import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { coreOf, missingForCore } from '../../test/support/cores.ts';
import { type ByteSource, BytesSource, MattockError } from '../base/index.ts';
import { testPlatform } from '../base/testing/platform.ts';
import { type Goroutine, openProgram, type Program } from '../golang/index.ts';
import { openImage } from '../image/index.ts';
import { openCore } from '../target/index.ts';
import { evaluate } from './evaluate.ts';
import { type Scope, scopeAt } from './scope.ts';
import { show } from './show.ts';
import { SHORT_LIMITS } from './value.ts';
import { variablesOf } from './variables.ts';

/**
 * Values in cores of real programs, against Delve 1.27.2's words for them. The table was made by Delve from two
 * cores of each program, and has what they agree in: `fixture TAB Go version TAB flags TAB function TAB role TAB
 * name TAB text`, with addresses as 0x…. A role `print` is an expression, ERROR any refusal.
 */
interface Row {
  readonly function: string;
  readonly role: string;
  readonly name: string;
  readonly text: string;
}

const rows = new Map<string, Row[]>();
for (const line of readFileSync(new URL('testing/delve-values.tsv', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')) {
  const [fixture, toolchain, flags, inside, role, name, text] = line.split('\t') as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const build = `${fixture} ${toolchain} ${flags}`;
  const row = { function: inside, role, name, text: JSON.parse(text) as string };
  rows.set(build, [...(rows.get(build) ?? []), row]);
}

/** Where Mattock's text is another one, and better. */
const IMPROVEMENTS: readonly (readonly [RegExp, RegExp])[] = [
  // A negative zero keeps its sign.
  [/^0$/, /^-0$/],
  // A duration is told in words too.
  [/^(.*: )?\d+(, \])?$/, /^(.*: )?\S+s \(\d+\)(, \])?$/],
  // Limits hold for computed strings as for others.
  [/^"x+y+"$/, /^"x+\.\.\.\+65 more"$/],
  // Of two names for one value, the one of the type's own package.
  [/internal\/reflectlite\.Ptr \(22\)/, /Kind_: Pointer \(22\)/],
  // Delve takes a dropped part for zero.
  [/cap: 0, /, /cap: \?, /],
  [/^(0|interface \{\}.* nil|\(unreadable non-zero length array with nil base\))$/, /optimised out|^ERROR$/],
  // Delve looks for variables of inlined functions only where the compiler kept some.
  [/^ERROR$/, /^\(optimised out\)$|register \w+ is not known in this frame/],
  // Of what is not there, a part is an error here.
  [/^\(optimised out\)$/, /^ERROR$/],
  [/could not read 8 bytes from register|read out of bounds/, /register \w+ is not known in this frame/],
  [/could not resolve interface type/, /the dynamic type of the interface is not known/],
];

function openFixture(executable: string, core: string): Program {
  const read = (path: string): ByteSource => new BytesSource(path, readFileSync(path));
  const image = (source: ByteSource) => openImage(source, testPlatform);
  const source = read(executable);
  return openProgram(
    openCore({
      core: read(core),
      executable: { path: executable, image: image(source), source },
      findModule: () => undefined,
      openImage: image,
      platform: testPlatform,
    }),
  );
}

describe.each([...rows])('%s', (build, expected) => {
  const [fixture, toolchain, flags] = build.split(' ') as [string, string, 'opt' | 'noopt'];
  const request = { fixture, toolchain, flags };
  test.skipIf(missingForCore(request) !== undefined)('prints what Delve prints', async () => {
    const { executable, core } = await coreOf(request);
    const program = openFixture(executable, core);
    const scopes = scopesOf(program);
    for (const row of expected) {
      const scope = scopes.get(row.function);
      const found = scope === undefined ? 'no frame' : textOf(scope, row);
      const known = IMPROVEMENTS.some(([theirs, ours]) => theirs.test(row.text) && ours.test(found));
      if (!known) expect({ ...row, text: found }).toEqual(row);
    }
  });
});

describe('the body of a loop over a function', () => {
  const request = { fixture: 'range-over-func', toolchain: '1.26.8', flags: 'noopt' } as const;
  test.skipIf(missingForCore(request) !== undefined)('sees the variables around the loop', async () => {
    const { executable, core } = await coreOf(request);
    const program = openFixture(executable, core);
    const scope = scopesOf(program).get('main.walk-range2')!;
    const named = new Map(
      variablesOf(scope).map(({ name, value, role }) => [
        `${role} ${name}`,
        show(program, value, SHORT_LIMITS).text,
      ]),
    );
    expect(Object.fromEntries(named)).toMatchObject({
      'parameter limit': '10',
      'local i': '2',
      'local v': '5',
      'local w': '7',
      'local sum': '44',
      'local label': '"item 2"',
    });
    expect(show(program, evaluate(scope, 'v + w > limit')).text).toBe('true');
  });
});

/** The first frame of each function of the main package. */
function scopesOf(program: Program): ReadonlyMap<string, Scope> {
  const scopes = new Map<string, Scope>();
  const visit = (goroutine: Goroutine): void => {
    for (const frame of program.stackOf(goroutine, 100).frames) {
      const name = (frame.function ?? '').replace(/\[.*\]/, '[...]');
      if (!scopes.has(name)) scopes.set(name, { program, goroutine, thread: goroutine.thread, frame });
    }
  };
  for (const goroutine of program.goroutines()) visit(goroutine);
  return scopes;
}

function textOf(scope: Scope, row: Row): string {
  try {
    return plain(
      row.role === 'print' ? show(scope.program, evaluate(scope, row.name)).text : variableText(scope, row),
    );
  } catch (error) {
    if (error instanceof MattockError) return 'ERROR';
    throw error;
  }
}

function variableText(scope: Scope, { role, name }: Row): string {
  const [plainName, turn = '1'] = name.split('#') as [string, string?];
  const found = variablesOf(scope, role === 'local' ? 'locals' : 'args').filter(
    (variable) => (variable.shadowed ? `(${variable.name})` : variable.name) === plainName,
  )[Number(turn) - 1];
  return found === undefined ? 'no such variable' : show(scope.program, found.value, SHORT_LIMITS).text;
}

const plain = (text: string): string => text.replace(/0x[0-9a-f]+/g, '0x…');

describe('registers', () => {
  const request = { fixture: 'values-basic', toolchain: '1.26.8', flags: 'noopt' } as const;
  test.skipIf(missingForCore(request) !== undefined)('have their names, in any case', async () => {
    const { executable, core } = await coreOf(request);
    const program = openFixture(executable, core);
    const thread = program.target.process.currentThread;
    const [top] = program.stackOfThread(thread, 1).frames;
    const scope = scopeAt(program, thread);
    const print = (text: string): string => show(program, evaluate(scope, text)).text;
    expect(print('rip')).toBe(String(top?.pc));
    expect(print('RIP')).toBe(print('_RIP'));
    expect(print('eax')).toBe(String(BigInt(print('rax')) & 0xffffffffn));
    expect(print('rsp & 0xff')).toBe(String(BigInt(print('rsp')) & 0xffn));
    expect(print('XMM0')).toMatch(/^"[0-9a-f]{32}"$/);
    expect(print('xmm0.uint8')).toMatch(/^\[16\]uint8 \[\d+(,\d+){15}\]$/);
    expect(() => print('xmm0.nosuch')).toThrow('xmm0 can not be seen as nosuch');
    expect(print('runtime.threadid')).toBe(String(thread));
    expect(print('runtime.curg.goid')).toBe('1');
  });
});
