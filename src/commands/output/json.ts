import { type ErrorFacts, errorFacts } from './error-facts.ts';

/**
 * Numbers under these keys are addresses and written as `"0x…"`. It is one list for all commands, so a field of
 * one of these names always is an address.
 */
const ADDRESS_KEYS: ReadonlySet<string> = new Set([
  'address',
  'argument',
  'base',
  'bias',
  'cfa',
  'closure',
  'end',
  'entry',
  'from',
  'high',
  'low',
  'pc',
  'pollDesc',
  'returnAddressSlot',
  'sp',
  'start',
  'target',
  'to',
]);

/** Data that says itself what it looks like as plain data: rows with lazy fields. */
interface HasPlain {
  toPlain(): unknown;
}

const hasPlain = (value: object): value is HasPlain =>
  typeof (value as Partial<HasPlain>).toPlain === 'function';
const isIterable = (value: object): value is Iterable<unknown> => Symbol.iterator in value;
/** Rows that stand in many places and never change, with their text once it is made; '' until then. */
const sharedTexts = new WeakMap<object, string>();

/** Says that an object will be written many times: its text is made once. */
export function shared<T extends object>(row: T): T {
  sharedTexts.set(row, '');
  return row;
}

/** Streams are written in pieces of about this size. */
const CHUNK = 16 * 1024;

/**
 * A command's outcome as one line of JSON, in pieces: rows of iterables are made and written one after the other.
 * Addresses become hex strings, integers beyond 2^53 decimal strings, undefined fields are left out. When making a
 * row fails the arrays and objects are closed and `error` follows the result.
 */
export function* jsonDocument(
  head: Readonly<Record<string, unknown>>,
  result: unknown,
): Generator<string, ErrorFacts | undefined> {
  const writer = new JsonWriter();
  const opening = writer.text(head);
  yield `${opening.slice(0, -1)},"result":`;
  yield* writer.stream(result, undefined);
  if (writer.failure !== undefined) yield `,"error":${writer.text(writer.failure)}`;
  yield '}\n';
  return writer.failure;
}

export function jsonLine(value: unknown): string {
  return `${new JsonWriter().text(value)}\n`;
}

class JsonWriter {
  failure: ErrorFacts | undefined;

  *stream(value: unknown, key: string | undefined): Generator<string, void> {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !holdsStream(value)) {
      yield this.#guarded(value, key);
      return;
    }
    if (isIterable(value)) {
      yield* this.#rows(value);
      return;
    }
    yield '{';
    let separator = '';
    // A getter behind a stream (a count of its rows) is read when the stream has been.
    for (const name of Object.keys(value)) {
      const member = (value as Readonly<Record<string, unknown>>)[name];
      if (member === undefined) continue;
      yield `${separator}${JSON.stringify(name)}:`;
      yield* this.stream(member, name);
      separator = ',';
    }
    yield '}';
  }

  *#rows(rows: Iterable<unknown>): Generator<string> {
    let pending = '[';
    let separator = '';
    try {
      for (const row of rows) {
        pending += separator + this.text(row);
        separator = ',';
        if (pending.length < CHUNK) continue;
        yield pending;
        pending = '';
      }
    } catch (error) {
      this.failure = errorFacts(error);
    }
    yield `${pending}]`;
  }

  #guarded(value: unknown, key: string | undefined): string {
    try {
      return this.text(value, key);
    } catch (error) {
      this.failure = errorFacts(error);
      return 'null';
    }
  }

  text(value: unknown, key?: string): string {
    switch (typeof value) {
      case 'string':
        return JSON.stringify(value);
      case 'boolean':
        return value ? 'true' : 'false';
      case 'number':
        return numberText(value, key);
      case 'bigint':
        return value >= -(2n ** 53n) && value <= 2n ** 53n ? String(value) : `"${value}"`;
      case 'object':
        return value === null ? 'null' : this.#objectText(value, key);
      default:
        return 'null';
    }
  }

  #objectText(value: object, key: string | undefined): string {
    const kept = sharedTexts.get(value);
    if (kept === undefined) return this.#makeObjectText(value, key);
    if (kept !== '') return kept;
    const text = this.#makeObjectText(value, key);
    sharedTexts.set(value, text);
    return text;
  }

  #makeObjectText(value: object, key: string | undefined): string {
    if (hasPlain(value)) return this.text(value.toPlain(), key);
    if (Array.isArray(value)) return `[${value.map((item) => this.text(item, key)).join(',')}]`;
    if (value instanceof Map) return this.#mapText(value);
    if (value instanceof Uint8Array) return JSON.stringify(bytesText(value));
    if (isIterable(value)) return `[${Array.from(value, (item) => this.text(item, key)).join(',')}]`;
    return this.#membersText(value as Readonly<Record<string, unknown>>);
  }

  #membersText(value: Readonly<Record<string, unknown>>): string {
    let text = '{';
    for (const name of Object.keys(value)) {
      const member = value[name];
      if (member === undefined) continue;
      text += text === '{' ? labelText(name) : `,${labelText(name)}`;
      text += this.text(member, name);
    }
    return `${text}}`;
  }

  /** Keys are data here (labels), not field names. */
  #mapText(value: ReadonlyMap<unknown, unknown>): string {
    const members = Array.from(
      value,
      ([name, member]) => `${JSON.stringify(String(name))}:${this.text(member)}`,
    );
    return `{${members.join(',')}}`;
  }
}

/** Field names with their quotes and colon: there are a few hundred, and a million rows of each. */
const labelTexts = new Map<string, string>();

function labelText(name: string): string {
  let text = labelTexts.get(name);
  if (text === undefined) {
    text = `${JSON.stringify(name)}:`;
    labelTexts.set(name, text);
  }
  return text;
}

/** Whether an object is a stream of rows, or has one among its members. */
function holdsStream(value: object): boolean {
  if (hasPlain(value) || value instanceof Map || value instanceof Uint8Array) return false;
  if (isIterable(value)) return true;
  return Object.values(value).some(
    (member) =>
      typeof member === 'object' && member !== null && !Array.isArray(member) && holdsStream(member),
  );
}

function numberText(value: number, key: string | undefined): string {
  if (!Number.isFinite(value)) return `"${value}"`;
  if (key !== undefined && value >= 0 && ADDRESS_KEYS.has(key)) return `"0x${value.toString(16)}"`;
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return `"${BigInt(value)}"`;
  return String(value);
}

const bytesText = (bytes: Uint8Array): string => {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
};
