import { spawnSync } from 'node:child_process';
import path from 'node:path';
import type { FixtureCore } from '../support/cores.ts';
import { projectRoot } from '../support/project.ts';
import { type Answers, type ExpressionAnswer, type GoroutineAnswer, nowhere, type Place } from './answers.ts';
import { type WaitedRow, waitedInRow } from './waited.ts';

interface Row {
  readonly function?: string;
  readonly file?: string;
  readonly line?: number;
}
interface VariableRow {
  readonly name: string;
  readonly shadowed?: boolean;
  readonly text: string;
}
export interface GoroutineRow {
  readonly id: number;
  readonly state: string;
  readonly waitReason?: string;
  readonly thread?: number;
  readonly current?: Row;
  readonly user?: Row;
  readonly goStatement?: Row;
  readonly start?: Row;
  readonly labels?: Readonly<Record<string, string>>;
  readonly blockedOn?: WaitedRow;
  readonly problem?: string;
}
interface StackResult {
  readonly frames: readonly (Row & {
    readonly arguments?: readonly VariableRow[];
    readonly locals?: readonly VariableRow[];
    readonly pc?: string;
    readonly arrivedBy?: string;
    readonly problem?: string;
  })[];
  readonly end?: { readonly kind: string; readonly reason?: string };
}
/** The answer to `stack`, or why there is none. */
export type StackDocument = Document;

interface Document {
  readonly command?: string;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/** More than the oracle's stackDepth: Mattock shows frames that Delve leaves out. */
const STACK_DEPTH = 900;

/** Goroutines and stacks, by Mattock's own command line. */
export function askStacks(core: FixtureCore, ids: readonly number[]): Answers['goroutines'] {
  const documents = commandDocuments(core, [
    'goroutines',
    ...ids.map((id) => `goroutine ${id} stack -full ${STACK_DEPTH}`),
  ]);
  const listed = documents[0]!;
  if (listed.result === undefined) throw new Error(`goroutines: ${listed.error?.message}`);
  const rows = (listed.result as { goroutines: readonly GoroutineRow[] }).goroutines;
  const stacks = new Map(ids.map((id, i) => [id, documents[1 + i]!]));
  return rows.map((row) => mattockGoroutine(row, stacks.get(row.id)));
}

/** The expressions that Delve was asked, each in the frame that is the same one in Mattock's stack. */
export function askExpressions(
  core: FixtureCore,
  asked: Answers['expressions'],
  frameOf: (question: ExpressionAnswer) => number | undefined,
): Answers['expressions'] {
  const frames = asked.map(frameOf);
  const commands = asked.flatMap((q, i) =>
    frames[i] === undefined ? [] : [`goroutine ${q.goroutine} frame ${frames[i]} print ${q.expression}`],
  );
  const documents = commands.length === 0 ? [] : commandDocuments(core, commands);
  let next = 0;
  return asked.map((question, i) => {
    if (frames[i] === undefined) return { ...question, text: undefined, error: 'no such frame' };
    const document = documents[next++]!;
    const { text } = (document.result ?? {}) as { text?: string };
    return { ...question, text, error: document.error?.message };
  });
}

/** The documents of the commands; what else it writes (the verdict) is not a command's. */
function commandDocuments(core: FixtureCore, commands: readonly string[]): Document[] {
  // MATTOCK_PROGRAM: another build of it, such as an installed package.
  const program = process.env.MATTOCK_PROGRAM ?? path.join(projectRoot, 'bin/mattock.js');
  const args = [program, 'core', core.executable, core.core, '--json', ...commands.flatMap((c) => ['-c', c])];
  const ran = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 1 << 30, timeout: 600_000 });
  const documents = ran.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Document);
  const answered = documents.filter((d) => d.command !== undefined && d.command !== 'verdict');
  if (answered.length === 0)
    throw new Error(
      `mattock answered nothing (status ${ran.status}): ${(ran.stderr || ran.stdout).slice(0, 3000)}`,
    );
  if (answered.length !== commands.length)
    throw new Error(`${commands.length} commands were given, ${answered.length} answered`);
  return answered;
}

export function mattockGoroutine(row: GoroutineRow, stack: StackDocument | undefined): GoroutineAnswer {
  const result = stack?.result as StackResult | undefined;
  const end = result?.end;
  const broken =
    end?.kind === 'broken' ? end.reason : end?.kind === 'depth' ? 'the depth asked for' : undefined;
  return {
    id: row.id,
    state: row.state,
    waitReason: row.waitReason ?? '',
    thread: row.thread ?? 0,
    labels: Object.entries(row.labels ?? {})
      .map(([key, value]) => `${key}=${value}`)
      .sort()
      .join(' '),
    current: place(row.current),
    user: place(row.user),
    goStatement: place(row.goStatement),
    start: place(row.start),
    waitsFor: waitedInRow(row.blockedOn),
    frames: (result?.frames ?? []).map((frame) => ({
      ...place(frame),
      pc: Number(frame.pc ?? 0),
      arrivedBy: frame.arrivedBy ?? 'call',
      variables: [
        ...(frame.arguments ?? []).map((v) => ({ name: nameOf(v), role: 'argument' as const, text: v.text })),
        ...(frame.locals ?? []).map((v) => ({ name: nameOf(v), role: 'local' as const, text: v.text })),
      ],
    })),
    problem: row.problem ?? stack?.error?.message ?? broken ?? '',
  };
}

function nameOf(variable: VariableRow): string {
  return variable.shadowed ? `(${variable.name})` : variable.name;
}

function place(row: Row | undefined): Place {
  if (row === undefined) return nowhere;
  return { function: row.function ?? '', file: row.file ?? '', line: row.line ?? 0 };
}
