import type { Goroutine, Location, Stack } from '../../golang/index.ts';
import { type Answer, type Context, defineCommand } from '../command.ts';
import { type ArgumentsOf, flag, option, optionWithDefault, repeatedOption } from '../language/arguments.ts';
import type { Typed } from '../language/cursor.ts';
import { durationLimit } from '../language/duration.ts';
import { command, count, file, shortExpression, word } from '../language/kinds.ts';
import { type ErrorFacts, errorFacts } from '../output/error-facts.ts';
import { harmless, type Style } from '../output/style.ts';
import { indented, locationRow, plural } from '../output/text.ts';
import { channelAddress } from '../session/channel-address.ts';
import { runThere } from '../session/run-there.ts';
import { Cancelled, type Session } from '../session/session.ts';
import { stackRow } from '../stacks/frame-row.ts';
import { stackText } from '../stacks/stack-text.ts';
import { type Condition, filter, grouping, state, waitsOn } from './filter.ts';
import { graphAnswer } from './graph.ts';
import { groupGoroutines } from './group.ts';
import { ownCode } from './own-code.ts';
import { goroutineFacts, goroutineLine, labelsText, type Place } from './row.ts';

const DEFAULT_DEPTH = 10;
const GROUP_MEMBERS = 5;

const ARGUMENTS = {
  user: flag('-u', 'show where each is in user code (the default)'),
  own: flag('-o', "show where each is in the program's own code: package main and the main module"),
  current: flag('-r', 'show where each is, in the runtime too'),
  go: flag('-g', 'show the go statement that started each'),
  start: flag('-s', 'show the function that each started with'),
  depth: optionWithDefault('-t', count('depth'), DEFAULT_DEPTH, `show stacks (${DEFAULT_DEPTH} frames)`),
  labels: flag('-l', 'show labels'),
  with: repeatedOption(['-with', '-w'], filter, 'only those of which this is true'),
  without: repeatedOption(['-without', '-wo'], filter, 'only those of which this is not true'),
  state: repeatedOption('-state', state, 'only those in this state, or in one of several'),
  reason: option('-reason', word('text'), 'only those whose wait reason contains this text'),
  waited: repeatedOption('-waited', durationLimit, "only those that have waited so long: '>5m', '<10s'"),
  channel: option('-chan', shortExpression, 'only those that wait on this channel'),
  group: option('-group', grouping, 'count by a property, and show the first of each group'),
  members: option('-n', count('members'), `how many of each group are shown (${GROUP_MEMBERS})`),
  dead: flag('-dead', 'dead goroutines too, whose structures wait to be used again'),
  skip: option('-skip', count('number'), 'leave out the first ones'),
  limit: option('-limit', count('number'), 'show this many at most'),
  graph: flag('-graph', 'show who waits for whom: deadlocks, leaks, and who stands in line behind whom'),
  mermaid: flag('-mermaid', 'the graph in the language of Mermaid'),
  svg: option('-svg', file, 'write the graph as a picture'),
  exec: option('-exec', command, 'run a command on each; it must come last'),
};

type Arguments = ArgumentsOf<typeof ARGUMENTS>;

/** One goroutine of the list, with what was asked for besides. Text needs little of it, data all. */
class ListedGoroutine {
  readonly goroutine: Goroutine;
  readonly stack: Stack | undefined;
  readonly executed: Answer | ErrorFacts | undefined;
  /** With -o: where it is in the program's own code. */
  readonly own: Location | undefined;

  constructor(
    goroutine: Goroutine,
    stack: Stack | undefined,
    executed: Answer | ErrorFacts | undefined,
    own: Location | undefined,
  ) {
    this.own = own;
    this.goroutine = goroutine;
    this.stack = stack;
    this.executed = executed;
  }

  toPlain(): unknown {
    const { executed } = this;
    return {
      ...goroutineFacts(this.goroutine),
      own: this.own === undefined ? undefined : locationRow(this.own),
      stack: this.stack && stackRow(this.stack),
      ...(executed === undefined
        ? {}
        : 'message' in executed
          ? { error: executed }
          : { result: executed.result }),
    };
  }
}

interface ListedGroup {
  readonly name: string;
  readonly total: number;
  readonly goroutines: readonly ListedGoroutine[];
}

/** The rows of a list, made as they are read. `quick`: no row takes long, so that text may wait for the next ones. */
class GoroutineRows implements Iterable<ListedGoroutine> {
  readonly quick: boolean;
  readonly #rows: Iterable<ListedGoroutine>;

  constructor(rows: Iterable<ListedGoroutine>, quick: boolean) {
    this.#rows = rows;
    this.quick = quick;
  }

  [Symbol.iterator](): Iterator<ListedGoroutine> {
    return this.#rows[Symbol.iterator]();
  }
}

interface GoroutinesResult {
  readonly place: Place;
  readonly withLabels: boolean;
  readonly selected: number | undefined;
  readonly groups: readonly ListedGroup[] | undefined;
  readonly goroutines: GoroutineRows | undefined;
  /** Of all that were listed: known when they have been. */
  readonly count: number;
}

export const goroutines = defineCommand({
  name: 'goroutines',
  aliases: ['grs'],
  group: 'goroutines',
  summary: 'List goroutines: where they are and what they wait for',
  details:
    'The filters are all applied. They are compared with what the list shows: userloc, curloc, goloc and startloc ' +
    'with file, line and function of the places that -u, -o, -r, -g and -s show, anyloc with those of all frames of ' +
    'the stack. For what waits in a library, such as sync.(*Mutex).Lock, ownloc is where the program called it.\n\n' +
    'Grouping counts goroutines by a place, a label, the state or the wait reason, largest group first.\n\n' +
    'The graph is of all goroutines, and tells of each step how it is known. Queues are facts. A lock does not say who ' +
    'holds it: deferred calls and the code of those who could do. Who could serve a channel is told by what stacks lead ' +
    'to, and that nobody can ever do so by a search of all memory that lives.',
  examples: [
    'goroutines -t 5',
    'goroutines -group userloc',
    "goroutines -state waiting -reason 'chan' -waited '>5m'",
    'goroutines -with userloc main.go -without user',
    'goroutines -o -with anyloc sync.(*Mutex).Lock',
    'goroutines -group ownloc',
    'goroutines -chan results -exec stack 3',
    'goroutines -graph',
    'goroutines -svg waiting.svg',
  ],
  arguments: ARGUMENTS,
  prepare: (context, { exec }) =>
    exec === undefined ? undefined : context.table.prepareNested(context, exec),
  run(context, args): GoroutinesResult | Answer {
    if (args.graph || args.mermaid || args.svg !== undefined) return graphAnswer(context, args);
    if (args.exec !== undefined) context.table.checkNested(context, args.exec);
    const place = chosenPlace(args);
    const common = { place, withLabels: args.labels, selected: context.scope.goroutine?.id };
    const wanted = condition(context, args);
    const chosen = filtered(context, args, wanted);
    if (args.group !== undefined) return { ...common, ...groupedResult(context, chosen, args) };
    let listed = 0;
    function* rows(): Iterable<ListedGoroutine> {
      const all = args.skip === undefined && args.limit === undefined;
      for (const g of all ? chosen : paged(chosen, args.skip ?? 0, args.limit)) {
        if ((++listed & 255) === 0) context.session.checkCancelled();
        yield listedGoroutine(context, g, args);
      }
    }
    const quick = wanted === undefined && args.exec === undefined && args.depth === undefined && !args.own;
    return {
      ...common,
      groups: undefined,
      goroutines: new GoroutineRows(rows(), quick),
      get count() {
        return listed;
      },
    };
  },
  *render(result, style, { session }) {
    if (result.groups !== undefined) yield* renderGroups(result, result.groups, style, session);
    if (result.goroutines !== undefined) yield* renderRows(result, result.goroutines, style, session);
    if (session.program.goroutineCount() === 0) {
      yield 'The Go runtime has not started: there are no goroutines yet.';
    }
    yield `[${plural(result.count, 'goroutine')}]`;
  },
});

function chosenPlace(args: Arguments): Place {
  if (args.start) return 'start';
  if (args.go) return 'go';
  if (args.current) return 'current';
  return args.own || args.group?.by === 'ownloc' ? 'own' : 'user';
}

function listedGoroutine(context: Context, g: Goroutine, args: Arguments): ListedGoroutine {
  const { session } = context;
  const stack = args.depth === undefined ? undefined : session.program.stackOf(g, args.depth);
  const executed = args.exec === undefined ? undefined : executeOn(context, g, args.exec);
  return new ListedGoroutine(
    g,
    stack,
    executed,
    args.own ? ownCode(session.program).locationOf(g) : undefined,
  );
}

function executeOn(context: Context, g: Goroutine, line: Typed): Answer | ErrorFacts {
  try {
    return runThere(context, context.session.scopeOf(g), line);
  } catch (error) {
    const facts = errorFacts(error);
    if (facts.family === 'internal' || error instanceof Cancelled) throw error;
    return facts;
  }
}

function groupedResult(
  context: Context,
  chosen: Iterable<Goroutine>,
  args: Arguments,
): Pick<GoroutinesResult, 'groups' | 'goroutines' | 'count'> {
  const groups = groupGoroutines(context.session, chosen, args.group!, args.members ?? GROUP_MEMBERS);
  return {
    groups: groups.map(({ name, total, members }) => ({
      name,
      total,
      goroutines: members.map((g) => listedGoroutine(context, g, args)),
    })),
    goroutines: undefined,
    count: groups.reduce((sum, group) => sum + group.total, 0),
  };
}

/** All conditions of the flags in one. */
function condition(context: Context, args: Arguments): Condition | undefined {
  const conditions: Condition[] = [
    ...args.with,
    ...args.without.map(
      (c): Condition =>
        (g, session) =>
          !c(g, session),
    ),
  ];
  const { state: states, reason, waited, channel } = args;
  if (states.length > 0) conditions.push((g) => states.includes(g.state));
  if (reason !== undefined) {
    const words = reason.toLowerCase();
    conditions.push((g) => g.waitReason?.toLowerCase().includes(words) === true);
  }
  if (waited.length > 0)
    conditions.push((g) => g.waited !== undefined && waited.every((limit) => limit.admits(g.waited!)));
  if (channel !== undefined) {
    const address = channelAddress(context, channel);
    conditions.push((g) => waitsOn(g, address));
  }
  return conditions.length === 0 ? undefined : (g, session) => conditions.every((c) => c(g, session));
}

function filtered({ session }: Context, args: Arguments, wanted: Condition | undefined): Iterable<Goroutine> {
  const dead = args.dead || args.state.some((s) => s === '_Gdead');
  const all = session.program.goroutines({ dead, byId: true, reads: readsOf(args) });
  return wanted === undefined ? all : matching(session, all, wanted);
}

function* matching(session: Session, all: Iterable<Goroutine>, wanted: Condition): Iterable<Goroutine> {
  let seen = 0;
  for (const g of all) {
    if ((++seen & 255) === 0) session.checkCancelled();
    if (wanted(g, session)) yield g;
  }
}

/** Lines and conditions tell nearly everything; for groups only their property is asked of most goroutines. */
function readsOf({ group, with: wanted, without, channel }: Arguments): ('stack' | 'sudog')[] {
  const conditions = wanted.length + without.length > 0 || channel !== undefined;
  if (group === undefined || conditions) return ['stack', 'sudog'];
  return group.readsStack ? ['stack'] : [];
}

function* paged(
  goroutines: Iterable<Goroutine>,
  skip: number,
  limit = Number.POSITIVE_INFINITY,
): Iterable<Goroutine> {
  let index = 0;
  if (limit === 0) return;
  for (const g of goroutines) {
    if (index++ < skip) continue;
    yield g;
    if (index >= skip + limit) return;
  }
}

/** Rows of a long list are handed on together: each piece of text goes through many hands. */
const TOGETHER = 16;

function* renderRows(
  result: GoroutinesResult,
  rows: GoroutineRows,
  style: Style,
  session: Session,
): Iterable<string> {
  const together = rows.quick && !result.withLabels ? TOGETHER : 1;
  let text = '';
  let count = 0;
  try {
    for (const row of rows) {
      const line = rowLine(row, result, style, session);
      text = count === 0 ? line : `${text}\n${line}`;
      if (++count < together) continue;
      count = 0;
      yield text;
      if (hasMore(row, result)) yield* renderMore(row, result, style, '');
    }
  } finally {
    // Where the next one cannot be read, too.
    if (count > 0) yield text;
  }
}

function rowLine(
  { goroutine }: ListedGoroutine,
  result: GoroutinesResult,
  style: Style,
  session: Session,
): string {
  const lead =
    goroutine.id === result.selected ? `${style.paint('current', '* ')}Goroutine ` : '  Goroutine ';
  return goroutineLine(goroutine, result.place, style, session, lead);
}

/** Whether anything was asked for besides the line: mostly not. */
const hasMore = (row: ListedGoroutine, result: GoroutinesResult): boolean =>
  result.withLabels || row.stack !== undefined || row.executed !== undefined;

function* renderMore(
  { goroutine, stack, executed }: ListedGoroutine,
  result: GoroutinesResult,
  style: Style,
  indent: string,
): Iterable<string> {
  const labels = result.withLabels ? labelsText(goroutine.labels) : undefined;
  if (labels !== undefined) yield `${indent}\t${labels}`;
  const frames = stack === undefined ? '' : stackText(stack, style, `${indent}\t`);
  if (frames !== '') yield frames;
  if (executed === undefined) return;
  if ('message' in executed)
    yield `${indent}\t${style.paint('error', 'error:')} ${harmless(executed.message)}`;
  else yield* indented(executed.text(style), `${indent}\t`);
}

function* renderGroups(
  result: GoroutinesResult,
  groups: readonly ListedGroup[],
  style: Style,
  session: Session,
): Iterable<string> {
  for (const group of groups) {
    yield style.paint('heading', style.path(group.name));
    for (const row of group.goroutines) {
      yield `\t${rowLine(row, result, style, session)}`;
      if (hasMore(row, result)) yield* renderMore(row, result, style, '\t');
    }
    yield `\tTotal: ${group.total}`;
    yield '';
  }
}
