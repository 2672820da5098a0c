import { align } from './alignment.ts';
import { type Answers, comparable, type FrameAnswer, type GoroutineAnswer, placeText } from './answers.ts';

export const CATEGORIES = [
  'goroutines',
  'states',
  'locations',
  'stacks',
  'variables',
  'expressions',
] as const;
export type Category = (typeof CATEGORIES)[number];

/** One thing on which the two disagree. */
export interface Difference {
  readonly category: Category;
  /** What it is about: `goroutine 4`, `goroutine 1 frame 3 main.show: x`, `print x in main.show`. */
  readonly subject: string;
  readonly delve: string;
  readonly mattock: string;
}

export interface Comparison {
  /** Things looked at, by category. */
  readonly compared: Readonly<Record<Category, number>>;
  readonly differences: readonly Difference[];
}

export function compare(delve: Answers, mattock: Answers): Comparison {
  const tally = new Tally();
  const ours = new Map(mattock.goroutines.map((g) => [g.id, g]));
  const theirs = new Set(delve.goroutines.map((g) => g.id));
  for (const g of delve.goroutines) {
    const mine = ours.get(g.id);
    tally.add('goroutines', `goroutine ${g.id}`, 'listed', mine === undefined ? 'not listed' : 'listed');
    if (mine !== undefined) compareGoroutine(tally, g, mine);
  }
  for (const g of mattock.goroutines)
    if (!theirs.has(g.id)) tally.add('goroutines', `goroutine ${g.id}`, 'not listed', 'listed');
  delve.expressions.forEach((asked, i) => {
    const answered = mattock.expressions[i];
    // Words of errors are each debugger's own: that both refuse is agreement.
    const refused = '(an error)';
    const sides = [asked.text, answered?.text].map((t) => (t === undefined ? refused : comparable(t)));
    const subject = `print ${asked.expression} in ${asked.in}`;
    tally.add('expressions', subject, sides[0]!, sides[1]!, asked.error, answered?.error);
  });
  return tally;
}

/** Counts what was compared, and keeps what differs. */
export class Tally implements Comparison {
  readonly compared: Record<Category, number> = {
    goroutines: 0,
    states: 0,
    locations: 0,
    stacks: 0,
    variables: 0,
    expressions: 0,
  };
  readonly differences: Difference[] = [];

  add(
    category: Category,
    subject: string,
    delve: string,
    mattock: string,
    delveError?: string,
    mattockError?: string,
  ): void {
    this.compared[category]++;
    if (delve === mattock) return;
    const withError = (text: string, error: string | undefined) =>
      error === undefined ? text : `error: ${error}`;
    this.differences.push({
      category,
      subject,
      delve: withError(delve, delveError),
      mattock: withError(mattock, mattockError),
    });
  }
}

function compareGoroutine(tally: Tally, delve: GoroutineAnswer, mattock: GoroutineAnswer): void {
  const subject = `goroutine ${delve.id}`;
  tally.add('states', `${subject} state`, delve.state, mattock.state);
  tally.add('states', `${subject} wait reason`, delve.waitReason, mattock.waitReason);
  tally.add('states', `${subject} thread`, String(delve.thread), String(mattock.thread));
  tally.add('states', `${subject} labels`, delve.labels, mattock.labels);
  for (const which of ['current', 'user', 'goStatement', 'start'] as const)
    tally.add('locations', `${subject} ${which}`, placeText(delve[which]), placeText(mattock[which]));
  compareStacks(tally, subject, delve, mattock);
}

/** Each frame is one item; variables are compared in frames that both have at the same place. */
function compareStacks(
  tally: Tally,
  subject: string,
  delve: GoroutineAnswer,
  mattock: GoroutineAnswer,
): void {
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
    tally.add(
      'stacks',
      `${subject} frame ${'mattock' in step ? step.mattock : step.delve}`,
      theirs === undefined ? absent(delve) : placeText(theirs),
      ours === undefined ? absent(mattock) : placeText(ours),
    );
  }
}

function compareVariables(tally: Tally, subject: string, delve: FrameAnswer, mattock: FrameAnswer): void {
  const ours = keyed(mattock);
  const theirs = keyed(delve);
  for (const [key, text] of theirs)
    tally.add('variables', `${subject}: ${key}`, text, ours.get(key) ?? '(no such variable)');
  for (const [key, text] of ours)
    if (!theirs.has(key)) tally.add('variables', `${subject}: ${key}`, '(no such variable)', text);
}

/** By role and name; a name that comes several times (a variable of each of several blocks) also by its turn. */
function keyed(frame: FrameAnswer): Map<string, string> {
  const turns = new Map<string, number>();
  const texts = new Map<string, string>();
  for (const { name, role, text } of frame.variables) {
    const key = `${role} ${name}`;
    const turn = (turns.get(key) ?? 0) + 1;
    turns.set(key, turn);
    texts.set(turn === 1 ? key : `${key} #${turn}`, comparable(text));
  }
  return texts;
}
