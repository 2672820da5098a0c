import { bytesText, durationText, placeText, timeText } from '../../trace/analysis/words.ts';
import { CUT_TEXT } from '../../trace/cut-stacks.ts';
import type { StackFrame } from '../../trace/index.ts';
import { waitObjectText } from '../../trace/wait-object-text.ts';
import type { Role, Style } from '../output/style.ts';
import type { EventName, EventRow } from './event-rows.ts';

export interface EventTextOptions {
  /** The runtime's names of states, and addresses of code. */
  readonly states: boolean;
  readonly stacks: boolean;
}

const WORDS: Readonly<Record<EventName, readonly [string, Role]>> = {
  created: ['created', 'heading'],
  unblocked: ['unblocked', 'name'],
  running: ['running', 'current'],
  blocked: ['blocked', 'warning'],
  preempted: ['preempted', 'keyword'],
  yielded: ['yielded', 'keyword'],
  syscall: ['syscall', 'line'],
  'syscall-end': ['syscall end', 'line'],
  ended: ['ended', 'comment'],
  stack: ['stack', 'comment'],
  'gc-begin': ['GC begins', 'keyword'],
  'gc-end': ['GC ends', 'keyword'],
  'stw-begin': ['world stops', 'keyword'],
  'stw-end': ['world runs', 'keyword'],
  'assist-begin': ['GC assist', 'comment'],
  'assist-end': ['assist ends', 'comment'],
  lost: ['LOST', 'error'],
};

const TIME = 12;
const GOROUTINE = 8;
const PROCESSOR = 4;
const THREAD = 9;
const WORD = 11;
const STATES = 28;
const PLACE = 40;

/** The names of the columns. */
export function eventHeading({ states }: EventTextOptions): string {
  const columns = [
    'time'.padStart(TIME),
    'G'.padEnd(GOROUTINE),
    'P'.padEnd(PROCESSOR),
    'M'.padEnd(THREAD),
    'event'.padEnd(WORD),
    ...(states ? ['states'.padEnd(STATES)] : []),
    'where'.padEnd(PLACE),
    'what',
  ];
  return columns.join(' ');
}

/** One line, and the stack's lines below it. */
export function* eventText(row: EventRow, options: EventTextOptions, style: Style): Generator<string> {
  const [word, role] = WORDS[row.event];
  const place = row.place === undefined ? '' : placed(row.place, options);
  const columns = [
    style.paint('comment', timeText(row.time).padStart(TIME)),
    name('G', row.goroutine).padEnd(GOROUTINE),
    name('P', row.processor).padEnd(PROCESSOR),
    name('M', row.thread).padEnd(THREAD),
    style.paint(role, word) + ' '.repeat(Math.max(0, WORD - word.length)),
    ...(options.states ? [(row.states ?? []).join(' → ').padEnd(STATES)] : []),
    style.paint('function', place) + ' '.repeat(Math.max(0, PLACE - place.length)),
    style.paint('string', details(row)),
  ];
  yield columns.join(' ').trimEnd();
  if (!options.stacks) return;
  for (const frame of row.stack)
    yield `${' '.repeat(TIME + 1)}${style.paint('address', placed(frame, options))}`;
  if (row.stackCut === true) yield `${' '.repeat(TIME + 1)}${style.paint('comment', CUT_TEXT)}`;
}

function placed(frame: StackFrame, { states }: EventTextOptions): string {
  return states ? `${placeText(frame)} 0x${frame.pc.toString(16)}` : placeText(frame);
}

const name = (letter: string, id: number | undefined): string => (id === undefined ? '-' : `${letter}${id}`);

/** What happened, in words. */
function details(row: EventRow): string {
  const after = row.after === undefined ? '' : ` after ${durationText(row.after)}`;
  switch (row.event) {
    case 'created':
      return row.by === undefined ? 'by the runtime' : by(row);
    case 'unblocked':
      return `${row.by === undefined ? 'by the scheduler: a timer, the network or the collector' : by(row)}${after && `,${after}`}`;
    case 'running':
      return [row.stolenFrom === undefined ? '' : `stolen from P${row.stolenFrom}`, after.trim()]
        .filter((text) => text !== '')
        .join(', ');
    case 'blocked':
      return waits(row);
    case 'syscall':
      return row.object?.kind === 'syscall' ? (row.object.name ?? String(row.object.number)) : '';
    case 'syscall-end':
      return `${after.trim()}${row.states?.[1] === '_Grunnable' ? ', without its P' : ''}`;
    case 'stack': {
      const [from, to] = row.sizes!;
      return `${to < from ? 'shrunk' : 'grown'} from ${bytesText(from)} to ${bytesText(to)}`;
    }
    case 'gc-begin':
    case 'gc-end':
      return `cycle ${row.count}`;
    case 'lost':
      return `${row.count} events: ${row.reason}`;
    case 'stw-begin':
      return row.reason ?? '';
    case 'preempted':
    case 'yielded':
      return after.trim();
    default:
      return '';
  }
}

const by = ({ by: id, byPlace }: EventRow): string =>
  `by G${id}${byPlace === undefined ? '' : ` in ${placeText(byPlace)}`}`;

function waits({ reason, object }: EventRow): string {
  if (object === undefined) return reason ?? '';
  const text = waitObjectText(object);
  // Their texts say it again.
  if (object.kind === 'channel' || object.kind === 'select') return text;
  return reason === undefined ? text : `${reason}: ${text}`;
}

/** The row as a document. What is not known is left out. */
export function eventPlain(row: EventRow, { stacks }: EventTextOptions): Readonly<Record<string, unknown>> {
  const { place, byPlace, stack, stackCut, time, after, ...facts } = row;
  return {
    ...facts,
    time: Math.round(time),
    ...(after === undefined ? {} : { after: Math.round(after) }),
    ...(place === undefined ? {} : plainFrame(place)),
    ...(byPlace === undefined ? {} : { byPlace: plainFrame(byPlace) }),
    ...(stack.length === 0 || !stacks ? {} : { stack: stack.map(plainFrame) }),
    ...(stackCut && stacks ? { stackCut } : {}),
  };
}

const plainFrame = ({ pc, function: of, file, line }: StackFrame): StackFrame => ({
  function: of,
  file,
  line,
  pc,
});
