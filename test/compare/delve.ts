import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { GOROUTINE_STATES } from '../../src/golang/runtime-facts/constants.ts';
import type { FixtureCore } from '../support/cores.ts';
import type { Fixture } from '../support/fixture.ts';
import { buildGo } from '../support/go-build.ts';
import { cacheFolder, projectRoot } from '../support/project.ts';
import { run, writeAtomically } from '../support/tools.ts';
import { type Answers, type GoroutineAnswer, nowhere, type Place, type VariableAnswer } from './answers.ts';
import { waitedOn } from './waited.ts';

interface OraclePlace extends Place {
  readonly pc: number;
}
interface OracleVariable {
  readonly name: string;
  readonly short: string;
  readonly shadowed?: boolean;
}
export interface OracleGoroutine {
  readonly id: number;
  readonly status: number;
  readonly waitReason: string;
  readonly thread: number;
  readonly current: OraclePlace;
  readonly user: OraclePlace;
  readonly goStatement: OraclePlace;
  readonly start: OraclePlace;
  readonly labels: Readonly<Record<string, string>> | null;
  readonly problem?: string;
  readonly stackError?: string;
  readonly frames: readonly OracleFrame[] | null;
}
interface OracleFrame extends OraclePlace {
  readonly arguments: readonly OracleVariable[] | null;
  readonly locals: readonly OracleVariable[] | null;
  readonly problem?: string;
}
interface OracleAnswers {
  readonly goroutines: readonly OracleGoroutine[] | null;
  readonly expressions: Answers['expressions'] | null;
}

/** framesWithVariables of the oracle. */
const FRAMES_WITH_VARIABLES = 40;

let oracle: string | undefined;

/** The program over Delve's packages, compiled once. */
export function oracleProgram(): string {
  oracle ??= buildGo({ source: path.join(projectRoot, 'test/compare/oracle'), env: { CGO_ENABLED: '0' } });
  return oracle;
}

/**
 * Delve's answers on a core, by a small program over Delve's own packages (test/compare/oracle): what its terminal
 * would print, without parsing its terminal. They are kept in `.cache`, since neither core nor Delve change.
 */
export function askDelve(core: FixtureCore, of: Fixture): Answers {
  const program = oracleProgram();
  const questions = JSON.stringify({ expressions: of.evaluate });
  const { size, mtimeMs } = statSync(core.core);
  const key = createHash('sha256')
    .update(JSON.stringify([program, core.core, size, mtimeMs, questions]))
    .digest('hex');
  const kept = path.join(cacheFolder, 'compare', `${of.name}-${key.slice(0, 20)}.json`);
  if (!existsSync(kept)) {
    const asked = path.join(path.dirname(core.core), 'questions.json');
    writeFileSync(asked, questions);
    writeAtomically(kept, run(program, [core.executable, core.core, asked], { timeout: 600_000 }));
  }
  const answered = JSON.parse(readFileSync(kept, 'utf8')) as OracleAnswers;
  return {
    goroutines: (answered.goroutines ?? []).map(delveGoroutine),
    expressions: answered.expressions ?? [],
  };
}

export function delveGoroutine(g: OracleGoroutine): GoroutineAnswer {
  const frames = (g.frames ?? []).map((frame, index) => ({
    ...place(frame),
    pc: frame.pc,
    variables: index < FRAMES_WITH_VARIABLES ? variables(frame) : undefined,
  }));
  return {
    id: g.id,
    // api.Goroutine.Status has the runtime's numbers.
    state: GOROUTINE_STATES[g.status] ?? String(g.status),
    waitReason: g.waitReason,
    thread: g.thread,
    labels: Object.entries(g.labels ?? {})
      .map(([key, value]) => `${key}=${value}`)
      .sort()
      .join(' '),
    current: place(g.current),
    user: place(g.user),
    goStatement: place(g.goStatement),
    start: place(g.start),
    frames,
    waitsFor: waitedOn(g.waitReason, frames),
    problem: g.problem ?? g.stackError ?? g.frames?.find((frame) => frame.problem)?.problem ?? '',
  };
}

function variables(frame: OracleFrame): VariableAnswer[] {
  return [
    ...(frame.arguments ?? []).map((v) => ({ name: nameOf(v), role: 'argument' as const, text: v.short })),
    ...(frame.locals ?? []).map((v) => ({ name: nameOf(v), role: 'local' as const, text: v.short })),
  ];
}

function nameOf(variable: OracleVariable): string {
  return variable.shadowed ? `(${variable.name})` : variable.name;
}

/** Delve says `???` for a pc without a function, `?` for a file that is not known, and `C.` before names of C. */
function place(of: OraclePlace): Place {
  const name = of.function === '???' ? '' : of.function.replace(/^C\./, '');
  if (name === '' && (of.file === '' || of.file === '?')) return nowhere;
  return { function: name, file: of.file === '?' ? '' : of.file, line: of.line };
}
