// npm run compare [-- words…] [-- --live | --places] [-- --limit N] [-- --explained] [-- --list]
//
// Opens each planned core with Delve's own packages and with Mattock, and compares what they say: goroutines, stacks,
// arguments, locals, and the expressions of the fixture. Delve opens no stripped binaries: there Mattock is
// compared with the program's own traceback alone, elsewhere with that too. Words choose by fixture and build ("values-maps noopt").
// With --live it runs programs under both instead, stopped where the functions of their main packages begin: the
// breakpoints' addresses, and at each stop the goroutine there with its stack, arguments and locals.
// With --places: the addresses of breakpoints on all functions and on many lines.
// Differences that are known and right are explained in explained.ts; any other makes this fail.
import { contradictions } from '../../src/golang/testing/blocked-claims.ts';
import { fixtureProgram } from '../../src/golang/testing/fixture-program.ts';
import { buildLabel, missingForBuild } from '../support/builds.ts';
import { type CoreRequest, coreOf, type FixtureCore, missingForCore } from '../support/cores.ts';
import { type Fixture, fixture } from '../support/fixture.ts';
import { compareVersions, installedGo } from '../support/tools.ts';
import { align } from './alignment.ts';
import { placeText } from './answers.ts';
import { comparePlaces } from './compare-places.ts';
import { askDelve } from './delve.ts';
import { type Comparison, compare, type Tally } from './differences.ts';
import { askGdb } from './gdb.ts';
import { compareLive, type LiveRequest } from './live.ts';
import { askExpressions, askStacks } from './mattock.ts';
import { comparisons, liveComparisons, placeComparisons } from './plan.ts';
import { headLine, type Row, rowLine, summary } from './report.ts';
import { compareStacksWithTraceback, compareWithTraceback, parseTraceback } from './traceback.ts';
import { compareWaits } from './waited.ts';

/** Delve 1.27.2, whose packages the oracle is made of, is not compiled by older ones. */
const ORACLE_NEEDS = '1.25';

const print = (line: string): void => console.log(line);

async function main(args: readonly string[]): Promise<number> {
  const limitAt = args.indexOf('--limit');
  const limit = limitAt < 0 ? 40 : Number(args[limitAt + 1]);
  const words = args.filter((arg, i) => !arg.startsWith('--') && (limitAt < 0 || i !== limitAt + 1));
  const chosen = planOf(args).filter(({ name, build }) =>
    words.every((word) => ` ${name} ${build} `.includes(word)),
  );
  if (args.includes('--list')) {
    for (const { name, build } of chosen) print(`${name} ${build}`);
    return 0;
  }
  const go = installedGo();
  if (go === undefined || compareVersions(go, ORACLE_NEEDS) < 0) {
    print(
      `comparing needs Go ${ORACLE_NEEDS} or newer to build Delve's packages; this is ${go ?? 'no Go at all'}`,
    );
    return 1;
  }
  print('agreed/compared in each category; +n: differ and explained, !n: differ and not explained\n');
  print(headLine());
  const rows: Row[] = [];
  for (const { name, build, outcome } of chosen) {
    const row = { fixture: name, build, outcome: await outcome() };
    rows.push(row);
    print(rowLine(row));
  }
  return summary(rows, print, { limit, everyExplained: args.includes('--explained') }) ? 0 : 1;
}

/** One line of the table, and how it comes about. */
interface Item {
  readonly name: string;
  readonly build: string;
  outcome(): Row['outcome'] | Promise<Row['outcome']>;
}

function planOf(args: readonly string[]): Item[] {
  const running = (
    requests: readonly LiveRequest[],
    compared: (request: LiveRequest) => Comparison,
  ): Item[] =>
    requests.map((request) => ({
      name: nameOf(request),
      build: `${buildLabel(request)} live`,
      outcome: () => outcomeOfRun(request, compared),
    }));
  if (args.includes('--places')) return running(placeComparisons(), comparePlaces);
  if (args.includes('--live')) return running(liveComparisons(), compareLive);
  return comparisons().map((request) => ({
    name: nameOf(request),
    build: labelOf(request),
    outcome: () => outcomeOf(request),
  }));
}

async function outcomeOf(request: CoreRequest): Promise<Row['outcome']> {
  const missing = missingForCore(request);
  if (missing !== undefined) return { kind: 'skipped', reason: missing };
  try {
    const core = await coreOf(request);
    const comparison = request.stripped
      ? againstTraceback(core)
      : againstDelve(core, fixture(request.fixture), request.arch);
    const { program } = await fixtureProgram(request);
    compareWaits(comparison, [...program.goroutines()], contradictions(program));
    return { kind: 'compared', comparison };
  } catch (error) {
    return { kind: 'failed', reason: (error as Error).message };
  }
}

function outcomeOfRun(request: LiveRequest, compared: (request: LiveRequest) => Comparison): Row['outcome'] {
  const missing = missingForBuild(request);
  if (missing !== undefined) return { kind: 'skipped', reason: missing };
  try {
    return { kind: 'compared', comparison: compared(request) };
  } catch (error) {
    return { kind: 'failed', reason: (error as Error).message };
  }
}

function againstDelve(core: FixtureCore, source: Fixture, arch: CoreRequest['arch']): Tally {
  const delve = askDelve(core, source);
  const ids = delve.goroutines.map((g) => g.id);
  const goroutines = askStacks(core, ids);
  const expressions = askExpressions(core, delve.expressions, ({ goroutine, frame }) => {
    const theirs = delve.goroutines.find((g) => g.id === goroutine)?.frames ?? [];
    const ours = goroutines.find((g) => g.id === goroutine)?.frames ?? [];
    for (const step of align(theirs, ours))
      if (step.kind === 'pair' && step.delve === frame) return step.mattock;
    return undefined;
  });
  const printed = parseTraceback(core.traceback);
  const unwound = arch === undefined ? askGdb(core) : undefined;
  const comparison = compare(
    delve,
    { goroutines, expressions },
    {
      traced: (id) => new Set(printed.find((g) => g.id === id)?.frames.map(placeText)),
      gdb: (thread) => unwound?.get(thread) ?? new Set(),
    },
  );
  compareStacksWithTraceback(comparison, printed, goroutines);
  return comparison;
}

function againstTraceback(core: FixtureCore): Tally {
  const printed = parseTraceback(core.traceback);
  const ids = printed.map((g) => g.id);
  return compareWithTraceback(printed, { goroutines: askStacks(core, ids), expressions: [] });
}

function nameOf(request: LiveRequest): string {
  return request.variant === undefined ? request.fixture : `${request.fixture}:${request.variant}`;
}

function labelOf(request: CoreRequest): string {
  return `${buildLabel(request)}${request.by === 'gcore' ? ' gcore' : ''}`;
}

process.exitCode = await main(process.argv.slice(2));
