import { hex, type RuntimeAddress } from '../../base/index.ts';
import type { StopCause, WatchHit, Writer } from '../../debugger/index.ts';
import { DEFAULT_LIMITS, renderSingleLine, type ShownValue, show } from '../../expr/index.ts';
import { arrayOf, basicType, UINT8 } from '../../expr/synthetic-types.ts';
import type { Type } from '../../image/index.ts';
import { symbolizer } from '../code/symbolize.ts';
import type { Context } from '../command.ts';
import { plainValue } from '../data/variable-row.ts';
import { harmless } from '../output/style.ts';
import type { Session } from '../session/session.ts';

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
    old: part && plainValue(part.before),
    new: part && plainValue(part.after),
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
  readonly before: ShownValue;
  readonly after: ShownValue;
}

function* hitLines(
  session: Session,
  hit: WatchHit,
  part: Part | undefined,
  instruction: string | undefined,
): Iterable<string> {
  if (part !== undefined) yield `${part.name}: ${changeText(hit, part)}`;
  if (hit.remark !== undefined) yield hit.remark;
  const where = placeText(session, hit.pc);
  yield `${VERBS[hit.access]} by ${instruction ?? 'the instruction'} at ${hex(hit.pc)} ${where}`;
  if (hit.access !== 'execute') {
    const { writer } = hit;
    const old = part === undefined ? 'what stood there' : harmless(renderSingleLine(part.before));
    if (writer !== undefined)
      yield `${old} was written by ${whoText(writer)} at ${hex(writer.pc)} ${placeText(session, writer.pc)}`;
  }
}

const VERBS = { read: 'read', write: 'written', 'read-write': 'changed', execute: 'executed' } as const;

function changeText({ access }: WatchHit, { before, after }: Part): string {
  const [old, now] = [harmless(renderSingleLine(before)), harmless(renderSingleLine(after))];
  if (access === 'read') return now;
  return `${old} → ${now}`;
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

/** The part that changed, where the whole is large: an element of an array, or bytes. */
function shownPart(session: Session, hit: WatchHit): Part | undefined {
  const { watch, type, before, after, offset } = hit;
  if (hit.access === 'execute' || after.length === 0) return undefined;
  const value = (of: Type | undefined, bytes: Uint8Array): ShownValue => shown(session, of, bytes);
  if (type === undefined || offset + after.length > type.size) {
    return bytesPart(session, hit);
  }
  if (type.kind === 'array' && type.length > 1 && type.element.size > 0) {
    const { element } = type;
    const changed = after.findIndex((byte, i) => byte !== before[i]);
    const at = Math.floor((offset + Math.max(0, changed)) / element.size);
    const from = at * element.size - offset;
    if (from >= 0 && from + element.size <= after.length) {
      return {
        name: `${watch.expression}[${at}]`,
        before: value(element, before.subarray(from, from + element.size)),
        after: value(element, after.subarray(from, from + element.size)),
      };
    }
  }
  if (offset !== 0 || after.length !== type.size) return bytesPart(session, hit);
  return { name: watch.expression, before: value(type, before), after: value(type, after) };
}

function bytesPart(session: Session, { watch, before, after, offset }: WatchHit): Part {
  const changed = Math.max(
    0,
    after.findIndex((byte, i) => byte !== before[i]),
  );
  const whole = after.length <= MOST_BYTES_SHOWN;
  const from = whole ? 0 : changed;
  const part = (bytes: Uint8Array): ShownValue =>
    shown(session, undefined, bytes.subarray(from, from + MOST_BYTES_SHOWN));
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
