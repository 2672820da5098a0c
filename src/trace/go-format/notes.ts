import type { SelectCase, WaitObject } from '../wait-object.ts';

/**
 * What Go's format has no event for, as text of log events that Go's tools show. One note a log, its first word says
 * what it is about; numbers are decimal but for addresses.
 */
export const CATEGORY = 'mattock';

/** A string that every file of ours has in its first generation. */
export const MARK = 'mattock trace 1';

export type Note =
  /** In front of the block or system call that it is about. */
  | { readonly kind: 'object'; readonly object: WaitObject }
  | {
      readonly kind: 'grown';
      readonly from: number;
      readonly to: number;
      readonly goroutine: number | undefined;
    }
  | { readonly kind: 'lost'; readonly count: number; readonly why: string }
  /** Behind the start of a goroutine: which P had it in its queue. */
  | { readonly kind: 'stolen'; readonly from: number }
  /** In front of the region's begin and end. */
  | { readonly kind: 'call'; readonly depth: number; readonly text: string }
  | { readonly kind: 'return'; readonly nanoseconds: number; readonly text: string };

export function noteText(note: Note): string {
  switch (note.kind) {
    case 'object':
      return objectText(note.object);
    case 'grown': {
      const whose = note.goroutine === undefined ? '' : ` of goroutine ${note.goroutine}`;
      return `stack ${note.from} to ${note.to} bytes${whose}`;
    }
    case 'lost':
      return `lost ${note.count} events: ${note.why}`;
    case 'stolen':
      return `stolen from P ${note.from}`;
    case 'call':
      return `call at depth ${note.depth}: ${note.text}`;
    case 'return':
      return `return after ${Math.round(note.nanoseconds)} ns: ${note.text}`;
  }
}

function objectText(object: WaitObject): string {
  switch (object.kind) {
    case 'channel':
      return `channel ${object.direction} ${hex(object.address)} len ${object.length ?? '?'} cap ${object.capacity ?? '?'}`;
    case 'select':
      return `select${object.cases.map((each) => ` ${each.direction} ${hex(each.address)}`).join('')}`;
    case 'io':
      return `io fd ${object.descriptor} ${object.mode ?? '?'}`;
    case 'sleep':
      return `sleep until ${object.until}`;
    case 'syscall':
      return `syscall ${object.number} ${object.name ?? '?'}`;
    default:
      return `wait ${object.kind} ${hex(object.address)}`;
  }
}

const hex = (address: number): string => `0x${address.toString(16)}`;
const maybe = (text: string): number | undefined => (text === '?' ? undefined : Number(text));

const number = '(-?[0-9.e+]+|NaN)';
const address = '(0x[0-9a-f]+)';
const SYNC = /^(mutex|rwmutex-read|rwmutex-write|waitgroup|cond|semaphore)$/;

type Rule = readonly [RegExp, (m: RegExpMatchArray) => Note | undefined];

const object = (of: WaitObject): Note => ({ kind: 'object', object: of });

const RULES: readonly Rule[] = [
  [
    new RegExp(`^channel (send|receive) ${address} len ([0-9]+|\\?) cap ([0-9]+|\\?)$`),
    (m) =>
      object({
        kind: 'channel',
        direction: m[1] as 'send' | 'receive',
        address: Number(m[2]),
        length: maybe(m[3]!),
        capacity: maybe(m[4]!),
      }),
  ],
  [/^select((?: (?:send|receive) 0x[0-9a-f]+)*)$/, (m) => object({ kind: 'select', cases: casesOf(m[1]!) })],
  [
    /^io fd (-?[0-9]+) (read|write|\?)$/,
    (m) =>
      object({
        kind: 'io',
        descriptor: Number(m[1]),
        mode: m[2] === '?' ? undefined : (m[2] as 'read' | 'write'),
      }),
  ],
  [new RegExp(`^sleep until ${number}$`), (m) => object({ kind: 'sleep', until: Number(m[1]) })],
  [
    /^syscall ([0-9]+) (\S+)$/,
    (m) => object({ kind: 'syscall', number: Number(m[1]), name: m[2] === '?' ? undefined : m[2]! }),
  ],
  [
    new RegExp(`^wait (\\S+) ${address}$`),
    (m) => (SYNC.test(m[1]!) ? object({ kind: m[1] as 'mutex', address: Number(m[2]) }) : undefined),
  ],
  [
    /^stack ([0-9]+) to ([0-9]+) bytes(?: of goroutine ([0-9]+))?$/,
    (m) => ({
      kind: 'grown',
      from: Number(m[1]),
      to: Number(m[2]),
      goroutine: m[3] === undefined ? undefined : Number(m[3]),
    }),
  ],
  [/^lost ([0-9]+) events: ([\s\S]*)$/, (m) => ({ kind: 'lost', count: Number(m[1]), why: m[2]! })],
  [/^stolen from P ([0-9]+)$/, (m) => ({ kind: 'stolen', from: Number(m[1]) })],
  [/^call at depth ([0-9]+): ([\s\S]*)$/, (m) => ({ kind: 'call', depth: Number(m[1]), text: m[2]! })],
  [
    new RegExp(`^return after ${number} ns: ([\\s\\S]*)$`),
    (m) => ({ kind: 'return', nanoseconds: Number(m[1]), text: m[2]! }),
  ],
];

/** Undefined for a program's own text. */
export function parseNote(text: string): Note | undefined {
  for (const [pattern, make] of RULES) {
    const match = pattern.exec(text);
    if (match !== null) return make(match);
  }
  return undefined;
}

function casesOf(text: string): SelectCase[] {
  const words = text.trim() === '' ? [] : text.trim().split(' ');
  const cases: SelectCase[] = [];
  for (let i = 0; i + 1 < words.length; i += 2)
    cases.push({ direction: words[i] as 'send' | 'receive', address: Number(words[i + 1]) });
  return cases;
}
