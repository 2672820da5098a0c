import { align } from './alignment.ts';
import {
  type Answers,
  comparable,
  type ExpressionAnswer,
  type FrameAnswer,
  type GoroutineAnswer,
  placeText,
  showsNothing,
  type VariableAnswer,
} from './answers.ts';
import { SIGNAL_RETURN } from './gdb.ts';

/** `traceback`: frames that the program itself printed before it died; the others are against Delve. */
export const CATEGORIES = [
  'goroutines',
  'states',
  'waits',
  'locations',
  'stacks',
  'variables',
  'expressions',
  'traceback',
] as const;
export type Category = (typeof CATEGORIES)[number];

export type Witness = 'traceback' | 'gdb';

/** What others say, as texts of places. */
export interface Witnesses {
  /** What the program itself printed for a goroutine. */
  readonly traced: (goroutine: number) => ReadonlySet<string>;
  /** What gdb has on a thread's stack. */
  readonly gdb: (thread: number) => ReadonlySet<string>;
}

const NOBODY: Witnesses = { traced: () => new Set(), gdb: () => new Set() };

/** One thing on which the two disagree. */
export interface Difference {
  readonly category: Category;
  /** What it is about: `goroutine 4`, `goroutine 1 frame 3 main.show: x`, `print x in main.show`. */
  readonly subject: string;
  readonly delve: string;
  readonly mattock: string;
  /** Who else has the place that Mattock gives, and not Delve's: the program itself, before it died, or gdb. */
  readonly confirmedBy: Witness | undefined;
}

export interface Comparison {
  /** Things looked at, by category. */
  readonly compared: Readonly<Record<Category, number>>;
  readonly differences: readonly Difference[];
}

export function compare(delve: Answers, mattock: Answers, witnesses: Witnesses = NOBODY): Tally {
  const tally = new Tally();
  const ours = new Map(mattock.goroutines.map((g) => [g.id, g]));
  const theirs = new Set(delve.goroutines.map((g) => g.id));
  for (const g of delve.goroutines) {
    const mine = ours.get(g.id);
    const listed = mine === undefined ? 'not listed' : 'listed';
    tally.add('goroutines', `goroutine ${g.id} (${g.state})`, 'listed', listed);
    if (mine !== undefined) compareGoroutine(tally, g, mine, witnesses);
  }
  for (const g of mattock.goroutines)
    if (!theirs.has(g.id)) tally.add('goroutines', `goroutine ${g.id} (${g.state})`, 'not listed', 'listed');
  for (const [i, asked] of delve.expressions.entries())
    compareExpression(tally, asked, mattock.expressions[i]);
  return tally;
}

/** The words of errors are each debugger's own: that both show nothing is agreement. */
function compareExpression(
  tally: Tally,
  delve: ExpressionAnswer,
  mattock: ExpressionAnswer | undefined,
): void {
  const shown = (answer: ExpressionAnswer | undefined) =>
    answer?.text === undefined || showsNothing(answer.text) ? '(nothing shown)' : comparable(answer.text);
  const said = (answer: ExpressionAnswer | undefined) => answer?.text ?? `error: ${answer?.error}`;
  const subject = `print ${delve.expression} in ${delve.in}`;
  tally.judge('expressions', subject, shown(delve) === shown(mattock), said(delve), said(mattock));
}

/** Counts what was compared, and keeps what differs. */
export class Tally implements Comparison {
  readonly compared: Record<Category, number> = {
    goroutines: 0,
    states: 0,
    waits: 0,
    locations: 0,
    stacks: 0,
    variables: 0,
    expressions: 0,
    traceback: 0,
  };
  readonly differences: Difference[] = [];

  /** Takes in what was found elsewhere; `where` is put before each subject. */
  include(other: Comparison, where: string): void {
    for (const category of CATEGORIES) this.compared[category] += other.compared[category];
    for (const one of other.differences) this.differences.push({ ...one, subject: `${where}${one.subject}` });
  }

  add(category: Category, subject: string, delve: string, mattock: string, confirmedBy?: Witness): void {
    this.judge(category, subject, delve === mattock, delve, mattock, confirmedBy);
  }

  judge(
    category: Category,
    subject: string,
    agree: boolean,
    delve: string,
    mattock: string,
    confirmedBy?: Witness,
  ): void {
    this.compared[category]++;
    if (!agree) this.differences.push({ category, subject, delve, mattock, confirmedBy });
  }
}

function compareGoroutine(
  tally: Tally,
  delve: GoroutineAnswer,
  mattock: GoroutineAnswer,
  witnesses: Witnesses,
): void {
  const subject = `goroutine ${delve.id}`;
  const traced = witnesses.traced(delve.id);
  tally.add('states', `${subject} state`, delve.state, mattock.state);
  tally.add('states', `${subject} wait reason (${delve.state})`, delve.waitReason, mattock.waitReason);
  tally.add('states', `${subject} thread`, String(delve.thread), String(mattock.thread));
  tally.add('states', `${subject} labels`, delve.labels, mattock.labels);
  if (delve.waitsFor !== undefined)
    tally.add('waits', `${subject} (${delve.waitReason})`, delve.waitsFor, mattock.waitsFor ?? '(not known)');
  for (const which of ['current', 'user', 'goStatement', 'start'] as const) {
    const [theirs, ours] = [placeText(delve[which]), placeText(mattock[which])];
    const confirmedBy = traced.has(ours) && !traced.has(theirs) ? 'traceback' : undefined;
    tally.add('locations', `${subject} ${which}`, theirs, ours, confirmedBy);
  }
  compareStacks(tally, delve, mattock, traced, witnesses.gdb(delve.thread));
}

/** Each frame is one item; variables are compared in frames that both have at the same place. */
function compareStacks(
  tally: Tally,
  delve: GoroutineAnswer,
  mattock: GoroutineAnswer,
  traced: ReadonlySet<string>,
  gdb: ReadonlySet<string>,
): void {
  const subject = `goroutine ${delve.id}`;
  for (const step of align(delve.frames, mattock.frames)) {
    const theirs = 'delve' in step ? delve.frames[step.delve] : undefined;
    const ours = 'mattock' in step ? mattock.frames[step.mattock] : undefined;
    if (step.kind === 'pair' && placeText(theirs!) === placeText(ours!)) {
      tally.add('stacks', subject, 'the same', 'the same');
      compareVariables(tally, `${subject} frame ${step.mattock} ${theirs!.function}`, theirs!, ours!);
      continue;
    }
    const absent = (of: GoroutineAnswer) =>
      step.kind === 'apart' ? `(ends: ${of.problem || 'bottom'})` : '(no such frame)';
    const has = (places: ReadonlySet<string>): boolean =>
      ours !== undefined && places.has(placeText(ours)) && !(theirs && places.has(placeText(theirs)));
    const where = 'mattock' in step ? situation(mattock, step.mattock) : '';
    const returns = where === RETURN && theirs === undefined && gdb.has(SIGNAL_RETURN);
    const confirmedBy = has(traced) ? 'traceback' : has(gdb) || returns ? 'gdb' : undefined;
    tally.add(
      'stacks',
      `${subject} frame ${'mattock' in step ? step.mattock : step.delve}${where}`,
      theirs === undefined ? absent(delve) : placeText(theirs),
      ours === undefined ? absent(mattock) : placeText(ours),
      confirmedBy,
    );
  }
}

const RETURN = ', the return from a signal';

/** What explanations want to know about a frame beside its place. */
function situation(of: GoroutineAnswer, index: number): string {
  if (of.frames[index]?.arrivedBy === 'signal') return ', interrupted by a signal';
  if (of.frames[index + 1]?.arrivedBy === 'signal') return RETURN;
  if (of.frames[index - 1]?.arrivedBy === 'signal') return ', caller of a frame interrupted by a signal';
  return '';
}

function compareVariables(tally: Tally, subject: string, delve: FrameAnswer, mattock: FrameAnswer): void {
  if (delve.variables === undefined || mattock.variables === undefined) return;
  const [theirs, ours] = [keyed(delve.variables), keyed(mattock.variables)];
  for (const key of new Set([...theirs.keys(), ...ours.keys()])) {
    const [their, our] = [theirs, ours].map((side) => side.get(key) ?? '(no such variable)') as [
      string,
      string,
    ];
    const nothing = showsNothing(their) && showsNothing(our);
    const agree = nothing || comparable(their) === comparable(our);
    tally.judge('variables', `${subject}: ${key}`, agree, their, our);
  }
}

/** By role and name; a name that comes several times (a variable of each of several blocks) also by its turn. */
function keyed(variables: readonly VariableAnswer[]): Map<string, string> {
  const turns = new Map<string, number>();
  const texts = new Map<string, string>();
  for (const { name, role, text } of variables) {
    const key = `${role} ${name}`;
    const turn = (turns.get(key) ?? 0) + 1;
    turns.set(key, turn);
    texts.set(turn === 1 ? key : `${key} #${turn}`, text);
  }
  return texts;
}
