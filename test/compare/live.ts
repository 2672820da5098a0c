import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Build, builtFixture } from '../support/builds.ts';
import { fixture } from '../support/fixture.ts';
import { cacheFolder, projectRoot } from '../support/project.ts';
import { run } from '../support/tools.ts';
import { type Answers, type FrameAnswer, type GoroutineAnswer, placeText } from './answers.ts';
import { delveGoroutine, type OracleGoroutine, oracleProgram } from './delve.ts';
import { compare, Tally } from './differences.ts';
import { type GoroutineRow, mattockGoroutine, type StackDocument } from './mattock.ts';
import { MattockPlaces } from './places.ts';
import { parseTraceback } from './traceback.ts';

/** A fixture that is run under both, with its argument. */
export interface LiveRequest extends Build {
  readonly variant?: string;
}

/** At so many stops both are asked for everything. */
const STOPS = 16;
/** One thread and no collection: the order of events and the addresses on the heap are the same in every run. */
const ENVIRONMENT = { ...process.env, GOMAXPROCS: '1', GOGC: 'off', GODEBUG: 'asyncpreemptoff=1' };

/** Go's heap begins elsewhere in every run since go1.26, and so do C's stacks. In words that nothing has been put into yet, too. */
const withoutAddresses = (text: string): string =>
  text.replaceAll(/\b0x[0-9a-f]{9,16}\b/g, '0x…').replaceAll(/(?<![\d.])\d{11,15}(?![\d.])/g, '…');

/** Two runs of one program, stopped at the beginning of every function of its main package. */
export function compareLive(request: LiveRequest): Tally {
  const { executable } = builtFixture(request);
  const argument = request.variant ?? fixture(request.fixture).variants[0];
  const args = argument === undefined ? [] : [argument];
  const functions = ownFunctions(executable);
  const delve = delveRun(executable, args, functions);
  const mattock = mattockRun(executable, args, functions, delve.stops.length);
  const printed = parseTraceback(spawnSync(executable, args, { encoding: 'utf8', env: ENVIRONMENT }).stderr);
  // The last stop is before the program dies; it has printed what its stack is then.
  const traced = (id: number) => new Set(printed.find((one) => one.id === id)?.frames.map(placeText));
  const tally = new Tally();
  for (const [i, { name, addresses }] of delve.breakpoints.entries()) {
    const ours = mattock.breakpoints[i];
    // Of a function that begins only where others do that are inlined into it there is a breakpoint already.
    if (ours !== 'there already')
      tally.add('locations', `breakpoint ${name}`, hexes(addresses), hexes(ours ?? []));
  }
  for (const [i, stop] of delve.stops.entries()) {
    const ours = mattock.stops[i];
    const at = (id: number | undefined) => (id === undefined ? 'no stop' : `goroutine ${id}`);
    tally.add('goroutines', `stop ${i + 1}`, at(stop.goroutine), at(ours?.goroutine));
    if (ours === undefined || ours.goroutine !== stop.goroutine) break;
    const found = compare(stop.answers, ours.answers, { traced, gdb: () => new Set() });
    tally.include(found, `stop ${i + 1}: `);
  }
  return tally;
}

const hexes = (addresses: readonly number[]): string =>
  [...new Set(addresses)]
    .sort((a, b) => a - b)
    .map((address) => `0x${address.toString(16)}`)
    .join(' ');

/** Functions of the main package, with code of their own or inlined everywhere; generic ones by their plain names. */
function ownFunctions(executable: string): string[] {
  const functions = new MattockPlaces(executable).image.functions!;
  const own = Array.from({ length: functions.count }, (_, i) => functions.name(i));
  const names = [...own, ...functions.places.inlinedNames()]
    .filter((name) => name.startsWith('main.') && !/\[.*\]./.test(name))
    .map((name) => name.replace(/\[.*\]$/, ''));
  return [...new Set(names)].sort();
}

interface LiveStop {
  readonly goroutine: number;
  readonly answers: Answers;
}

interface OracleRun {
  readonly breakpoints: readonly {
    readonly function: string;
    readonly addresses: readonly number[] | null;
  }[];
  readonly stops:
    | readonly { readonly goroutine: number; readonly goroutines: readonly OracleGoroutine[] }[]
    | null;
}

function delveRun(executable: string, args: readonly string[], functions: readonly string[]) {
  const folder = path.join(cacheFolder, 'compare');
  mkdirSync(folder, { recursive: true });
  const asked = path.join(folder, `live-${process.pid}.json`);
  writeFileSync(asked, JSON.stringify({ functions, stops: STOPS }));
  const answered = run(oracleProgram(), ['live', asked, executable, ...args], {
    timeout: 120_000,
    env: ENVIRONMENT,
  });
  const { breakpoints, stops } = JSON.parse(answered) as OracleRun;
  return {
    breakpoints: breakpoints.map((one) => ({ name: one.function, addresses: one.addresses ?? [] })),
    stops: (stops ?? []).map((stop): LiveStop => {
      const goroutines = stop.goroutines.map(delveGoroutine);
      return { goroutine: stop.goroutine, answers: answersOf(goroutines, stop.goroutine) };
    }),
  };
}

/**
 * Of the others only which there are: how far the runtime's own goroutines have come is chance, and threads have other
 * numbers in every run.
 */
function answersOf(goroutines: readonly GoroutineAnswer[], stopped: number): Answers {
  return {
    goroutines: goroutines
      .map((one) => ({ ...one, thread: 0 }))
      .filter(({ id, start }) => id === stopped || start.function.startsWith('main.'))
      .map((one) => ({ ...one, frames: one.id === stopped ? one.frames.map(comparableFrame) : [] })),
    expressions: [],
  };
}

const comparableFrame = (frame: FrameAnswer): FrameAnswer => ({
  ...frame,
  variables: frame.variables?.map((one) => ({ ...one, text: withoutAddresses(one.text) })),
});

interface LiveDocument {
  readonly command?: string;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

function mattockRun(
  executable: string,
  args: readonly string[],
  functions: readonly string[],
  stops: number,
): {
  readonly breakpoints: readonly (readonly number[] | 'there already')[];
  readonly stops: readonly LiveStop[];
} {
  const commands = [
    ...functions.map((name) => `break ${name}`),
    ...Array.from({ length: stops }, () => ['continue', 'stack -full 900', 'goroutines']).flat(),
  ];
  const documents = documentsOf(executable, args, commands);
  const places = documents.slice(0, functions.length).map(({ result, error }) => {
    if (error?.message.endsWith('is there already')) return 'there already';
    const { places: found = [] } = (result ?? {}) as {
      places?: readonly { readonly address: string | number }[];
    };
    return found.map(({ address }) => Number(address));
  });
  const told: LiveStop[] = [];
  for (let at = functions.length; at + 2 < documents.length; at += 3) {
    const goroutine = (documents[at]!.result as { goroutine?: number } | undefined)?.goroutine;
    const listed = documents[at + 2]!.result as { goroutines?: readonly GoroutineRow[] } | undefined;
    if (goroutine === undefined || listed?.goroutines === undefined) break;
    const stack = documents[at + 1] as StackDocument;
    const rows = listed.goroutines.map((row) =>
      mattockGoroutine(row, row.id === goroutine ? stack : undefined),
    );
    told.push({ goroutine, answers: answersOf(rows, goroutine) });
  }
  return { breakpoints: places, stops: told };
}

function documentsOf(
  executable: string,
  args: readonly string[],
  commands: readonly string[],
): LiveDocument[] {
  const program = process.env.MATTOCK_PROGRAM ?? path.join(projectRoot, 'bin/mattock.js');
  const nowhere = ['stdin', 'stdout', 'stderr'].flatMap((stream) => ['-r', `${stream}:/dev/null`]);
  const words = [program, 'exec', executable, '--json', '--no-config', ...nowhere];
  const ran = spawnSync(
    process.execPath,
    [...words, ...commands.flatMap((command) => ['-c', command]), '--', ...args],
    {
      encoding: 'utf8',
      maxBuffer: 1 << 30,
      timeout: 120_000,
      env: ENVIRONMENT,
    },
  );
  const documents = ran.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LiveDocument)
    .filter(({ command }) => command !== undefined);
  if (documents.length !== commands.length) {
    const said = (ran.stderr || ran.stdout).slice(-2000);
    throw new Error(`${commands.length} commands were given, ${documents.length} answered: ${said}`);
  }
  return documents;
}
