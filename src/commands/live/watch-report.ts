import { hex, type RuntimeAddress } from '../../base/index.ts';
import type { StopCause, WatchHit, Writer } from '../../debugger/index.ts';
import { DEFAULT_LIMITS, renderSingleLine, type ShownValue, show } from '../../expr/index.ts';
import { arrayOf, basicType, UINT8 } from '../../expr/synthetic-types.ts';
import { underlying } from '../../golang/values/shapes.ts';
import type { Type } from '../../image/index.ts';
import { symbolizer } from '../code/symbolize.ts';
import type { Context } from '../command.ts';
import { plainValue } from '../data/variable-row.ts';
import { harmless } from '../output/style.ts';
import type { Session } from '../session/session.ts';
import { changedBytes, changedPart, changedWords, headerText } from './changed-part.ts';

type Hit = Extract<StopCause, { kind: 'watchpoint' }>;

const LONGEST_INSTRUCTION = 15;
const MOST_BYTES_SHOWN = 64;

/** A hit of a watch: what was done by which instruction, what stood there before, and whose that was. */
export function watchRow(context: Context, cause: Hit): Readonly<Record<string, unknown>> & HitLines {
  const { session } = context;
  const { breakpoint, goid, hit, problem } = cause;
  const { watch, access } = hit;
  const part = shownPart(session, hit);
  const instruction = instructionText(session, hit.pc);
  const previous = hit.writer && writerFacts(session, hit.writer);
  return {
    id: breakpoint.id,
    name: breakpoint.name,
    goroutine: goid,
    hits: breakpoint.hits,
    expression: watch.expression,
    access,
    address: hit.address,
    part: part?.name,
    old: part && plainValue(part.before.value),
    new: part && plainValue(part.after.value),
    words: part?.words?.changed,
    instruction: { pc: hit.pc, text: instruction },
    previousWriter: previous,
    remark: hit.remark,
    problem,
    lines: [...hitLines(session, hit, part, instruction)],
  };
}

interface HitLines {
  readonly lines: readonly string[];
}

interface Part {
  readonly name: string;
  readonly before: PartValue;
  readonly after: PartValue;
  /** Of a header, if only some of it changed. */
  readonly words?: ReturnType<typeof changedWords>;
}

interface PartValue {
  readonly value: ShownValue;
  readonly text: string;
}

function* hitLines(
  session: Session,
  hit: WatchHit,
  part: Part | undefined,
  instruction: string | undefined,
): Iterable<string> {
  if (part !== undefined) yield `${part.name}: ${changeText(hit, part)}`;
  if (part?.words !== undefined) {
    const { changed, kept } = part.words;
    yield `only its ${listed(changed)} changed, not its ${listed(kept)}: these are written one by one`;
  }
  if (hit.remark !== undefined) yield hit.remark;
  const where = placeText(session, hit.pc);
  yield `${VERBS[hit.access]} by ${instruction ?? 'the instruction'} at ${hex(hit.pc)} ${where}`;
  if (hit.access !== 'execute') {
    const { writer } = hit;
    const old = part?.words === undefined ? part?.before.text : `its ${listed(part.words.changed)} before`;
    if (writer !== undefined)
      yield `${old ?? 'what stood there'} was written by ${whoText(writer)} at ${hex(writer.pc)} ${placeText(session, writer.pc)}`;
  }
}

const listed = (words: readonly string[]): string => words.join(' and ');

const VERBS = { read: 'read', write: 'written', 'read-write': 'changed', execute: 'executed' } as const;

function changeText({ access }: WatchHit, { before, after }: Part): string {
  return access === 'read' ? after.text : `${before.text} → ${after.text}`;
}

const whoText = ({ goid, thread }: Writer): string =>
  goid === undefined ? `thread ${thread}` : `goroutine ${goid}`;

function writerFacts(session: Session, { goid, thread, pc }: Writer): Readonly<Record<string, unknown>> {
  const { function: name, position } = session.program.locate(pc, false);
  return { goroutine: goid, thread, pc, function: name, file: position?.file, line: position?.line };
}

function placeText({ program }: Session, pc: RuntimeAddress): string {
  const { function: name, position } = program.locate(pc, false);
  const file = position === undefined ? '' : ` ${position.file}:${position.line}`;
  return `in ${name ?? '?'}()${file}`;
}

function instructionText(
  { program, disassembler, settings }: Session,
  pc: RuntimeAddress,
): string | undefined {
  const bytes = program.target.memory.readUpTo(pc, LONGEST_INSTRUCTION);
  const [first] =
    disassembler?.disassemble(bytes, pc, {
      flavour: settings.values['disassemble-flavour'],
      symbolize: symbolizer(program),
    }) ?? [];
  return first?.text;
}

/** The part that changed, where the whole has parts, or bytes. */
function shownPart(session: Session, hit: WatchHit): Part | undefined {
  const { watch, type, before, after, offset } = hit;
  if (hit.access === 'execute' || after.length === 0) return undefined;
  if (type === undefined || offset + after.length > type.size) return bytesPart(session, hit);
  const changed = changedBytes(before, after) ?? unchanged(type, hit);
  const part = changedPart(watch.expression, type, {
    start: offset + changed.start,
    end: offset + changed.end,
  });
  const from = part.offset - offset;
  if (from < 0 || from + part.type.size > after.length) return bytesPart(session, hit);
  const [old, now] = [before, after].map((bytes) => bytes.subarray(from, from + part.type.size));
  return {
    name: part.name,
    before: headed(session, part.type, old!),
    after: headed(session, part.type, now!),
    words: changedWords(part.type, old!, now!),
  };
}

/** Where nothing changed, all is shown; of an array that is seen in part, the first element there. */
const unchanged = (type: Type, { offset, after }: WatchHit): { start: number; end: number } =>
  underlying(type).kind === 'array' ? { start: 0, end: 1 } : { start: -offset, end: after.length };

const headless = (value: ShownValue): PartValue => ({ value, text: harmless(renderSingleLine(value)) });

/** A value whose header leads nowhere is shown by the header. */
function headed(session: Session, type: Type, bytes: Uint8Array): PartValue {
  const value = shown(session, type, bytes);
  const header = value.unreadable === undefined ? undefined : headerText(type, bytes);
  if (header === undefined) return headless(value);
  return { value, text: `(${header}: ${harmless(value.unreadable!)})` };
}

function bytesPart(session: Session, { watch, before, after, offset }: WatchHit): Part {
  const changed = Math.max(
    0,
    after.findIndex((byte, i) => byte !== before[i]),
  );
  const whole = after.length <= MOST_BYTES_SHOWN;
  const from = whole ? 0 : changed;
  const part = (bytes: Uint8Array): PartValue =>
    headless(shown(session, undefined, bytes.subarray(from, from + MOST_BYTES_SHOWN)));
  const name = offset + from === 0 ? watch.expression : `${watch.expression}+${offset + from}`;
  return { name, before: part(before), after: part(after) };
}

/** Bytes without a type are a number where they can be one. */
function shown({ program }: Session, type: Type | undefined, bytes: Uint8Array): ShownValue {
  const storage = { kind: 'bytes', bytes } as const;
  if (type !== undefined) return show(program, { type, storage });
  const number = [1, 2, 4, 8].includes(bytes.length) ? basicType(`uint${bytes.length * 8}`) : undefined;
  if (number !== undefined) return show(program, { type: number, storage }, DEFAULT_LIMITS, '%#x');
  return show(program, { type: arrayOf(bytes.length, UINT8), storage }, DEFAULT_LIMITS, '%02x');
}
