import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openInline } from '../../src/engine/index.ts';
import { CallRecording } from '../../src/engine/trace/call-recording.ts';
import { type Limits, type ShownValue, show } from '../../src/expr/index.ts';
import { DEFAULT_LIMITS } from '../../src/expr/value.ts';
import type { CallLayout } from '../../src/trace/calls/call-layout.ts';
import { namePattern } from '../../src/trace/calls/name-pattern.ts';
import { buildGo, hasToolchain } from '../support/go-build.ts';
import { hasProgram } from '../support/tools.ts';

const folder = mkdtempSync(join(tmpdir(), 'mattock-truth-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Its functions whose calls it tells of itself. */
const TELLING = '/^main\\.(.*told(?!.*\\.func)|maker.*func1|capturing.func1)/';

/** Everything is read, but for what pointers lead to. */
const ALL: Limits = { ...DEFAULT_LIMITS, maxVariableRecurse: 5, followPointers: false };

interface Call {
  readonly kind: string;
  readonly function: string;
  readonly values: readonly (readonly [name: string, value: ShownValue])[];
}

/** What the compiler writes around a method, of which the program knows nothing. */
const isWrapper = (name: string): boolean =>
  /-fm$|\(\*(holder|point)\)/.test(name) || /\(\*box\[(?!\.\.\.|go\.shape)/.test(name);

/** Basic values, one by one: what the program says of a struct, an array, a slice, an interface. */
function* leaves({ kind, value, text, children }: ShownValue): Iterable<string> {
  if (['struct', 'array', 'slice', 'interface'].includes(kind)) {
    for (const child of children) if (child.name !== '_') yield* leaves(child.value);
  } else if (kind === 'string') yield JSON.stringify(value);
  else if (!['pointer', 'func', 'map', 'chan', 'complex', 'nil'].includes(kind)) yield value ?? text;
}

const line = ({ kind, function: name, values }: Call): string[] => {
  const named = values.filter(([of]) => !/^(_$|~p)/.test(of));
  const words = [kind, name.replace(/\[.*\]/, ''), ...named.flatMap(([, value]) => [...leaves(value)])];
  return isWrapper(name) ? [] : [words.join(' ')];
};

/** Generic functions as they are called with, by their dictionaries. */
const INSTANCES = [
  ...['string', 'float64', 'int'].map((type) => `main.toldGeneric[${type}]`),
  ...['string,float64', 'float64,string'].map((types) => `main.toldTwoTypes[${types}]`),
  ...['string', 'float64', 'int', 'bool'].map((type) => `main.(*box[${type}]).toldMethod`),
  'main.box[int8].toldByValue',
];

/** By traps, in a session. */
async function trapped(
  program: string,
  output: string,
  _?: Set<string>,
  pattern = TELLING,
): Promise<string[]> {
  const session = await openInline({
    live: {
      kind: 'launch',
      program: { path: program },
      args: [],
      terminal: { kind: 'files', stdin: '/dev/null', stdout: output, stderr: '/dev/null' },
      fixedAddresses: true,
    },
  });
  const { pid } = session.session.program.target.process;
  const watchdog = spawn('sh', ['-c', `sleep 200; kill -KILL ${pid}`], { detached: true, stdio: 'ignore' });
  const seen: string[] = [];
  session.session.live!.processes.breakpoints.onTrace = (_, { kind, function: name, values }, of) => {
    const shown = values.map(({ name: what, value }) => [what, show(of, value, ALL)] as const);
    seen.push(...line({ kind, function: name, values: shown }));
  };
  try {
    for (const command of [`trace ${pattern}`, 'continue']) {
      const { error } = await session.execute(command, { format: 'json', colour: false }, () => {});
      expect(error).toBe(undefined);
    }
    return seen;
  } finally {
    process.kill(-watchdog.pid!, 'SIGKILL');
    await session.close();
  }
}

/** By inline probes; `names` gets those of the functions. */
async function probed(program: string, output: string, names: Set<string>): Promise<string[]> {
  const recording = await CallRecording.start({
    subject: {
      kind: 'launch',
      program: { path: program },
      args: [],
      terminal: { kind: 'files', stdout: output },
      fixedAddresses: false,
    },
    lossless: true,
    request: { pattern: namePattern(TELLING), followCalls: 0, frames: 0 },
    values: true,
  });
  const shown = (layout: CallLayout, record: Uint8Array): Call['values'] => {
    const { program: of, variables } = recording.values.scope(layout, record);
    return variables!.map(
      ({ name, type, place }) => [name, show(of, { type, storage: place }, ALL)] as const,
    );
  };
  const seen: string[] = [];
  const calls = recording.follow({
    wants: () => true,
    began(call) {
      const { layouts, name } = call.function;
      const { record } = call;
      names.add(recording.values.name(call));
      seen.push(...line({ kind: 'call', function: name, values: shown(layouts.entry, record) }));
    },
    ended({ function: { name, layouts } }, { record }) {
      seen.push(...line({ kind: 'return', function: name, values: shown(layouts.exit, record!) }));
    },
    orphan: () => {},
    lost: (count) => {
      throw new Error(`${count} lost`);
    },
  });
  try {
    while (!recording.ended) {
      calls.drain();
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  } finally {
    await calls.stop();
    await calls.tellRest(() => false);
  }
  return seen;
}

describe.each([
  { toolchain: '', flags: [] as string[] },
  { toolchain: '', flags: ['-gcflags=all=-N -l'] },
  { toolchain: 'go1.22.12', flags: [] as string[] },
  { toolchain: 'go1.19.13', flags: [] as string[] },
])('arguments and results, by $toolchain $flags', ({ toolchain, flags }) => {
  const missing = !hasToolchain(toolchain || undefined);

  it.skipIf(missing).each([
    ['traps', trapped],
    ['probes', probed],
  ] as const)('are as the program says, seen by %s', async (_, record) => {
    const program = buildGo({ source: 'test/fixtures/calltruth', flags, ...(toolchain && { toolchain }) });
    const output = join(folder, 'said');
    const names = new Set<string>();
    const heard = await record(program, output, names);
    // What an interface holds is read late, when this program has ended.
    const compare = (text: string): boolean => record === trapped || !text.includes('toldInterface');
    const said = readFileSync(output, 'utf8').trim().split('\n').filter(compare);
    // Of the first call of it, which is inlined or not, nothing is said; of one that go1.19 wraps only its name is the same.
    const compared = heard.filter(compare).filter((text) => !/toldInlinable (2 2.5 3|5 2.5)$/.test(text));
    const once = (text: string, i: number): boolean => !text.includes('box') || compared.indexOf(text) === i;
    expect(compared.filter(once).sort()).toEqual(said.sort());
    if (record === probed) expect([...names]).toEqual(expect.arrayContaining(INSTANCES));
  });
});

it.skipIf(!hasProgram('gcc'))('arguments and results of a C function are those that it has', async () => {
  const program = buildGo({ source: 'test/fixtures/calltruth-cgo' });
  expect(await trapped(program, '/dev/null', undefined, 'main._Cfunc_add')).toEqual([
    'call main._Cfunc_add 1 3.5 4',
    'return main._Cfunc_add 8',
  ]);
});
