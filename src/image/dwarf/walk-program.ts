import type { AbbreviationTable } from './abbreviations.ts';
import { AT, FORM, TAG } from './constants.ts';
import { fixedSize, isLeb } from './forms.ts';

/**
 * Abbreviations compiled for walking a whole unit: for each code a short row of micro-operations. A positive one
 * skips that many bytes (neighbours are merged); the others are below. A plain interpreter over small typed
 * arrays beats generated code and closures here, because the walk runs mostly before the code is hot.
 */
export const SKIP_LEB = -1;
export const SKIP_STRING = -2;
/** DW_AT_name, inline: hashed on the way. */
export const HASH_NAME = -3;
export const SKIP_BLOCK1 = -4;
/** Notes where the next value is: the entry of a function (inline or by index), the runtime type of a type. */
export const MARK = -10;
/** What follows is done by a call. */
export const SIBLING4 = -5;
export const SKIP_BLOCK2 = -6;
export const SKIP_BLOCK4 = -7;
export const SKIP_BLOCK = -8;
/** A form that only the value itself tells, or that nobody knows. */
export const SKIP_INDIRECT = -9;

/** What a DIE is kept for. */
export const KEEP = { nothing: 0, type: 1, variable: 2, constant: 3, function: 4 } as const;

/** By code: KEEP in the low bits; children follow; DW_AT_sibling may be used; the code is declared. */
export const FLAG = { keep: 0x0f, children: 0x10, sibling: 0x20, declared: 0x80 } as const;

export interface WalkProgram {
  /** By code: first operation, and the one behind the last. */
  readonly start: Uint32Array;
  readonly end: Uint32Array;
  readonly operations: Int16Array;
  readonly flags: Uint8Array;
  /** By code: the form of the value that is marked; 0: none. */
  readonly markedForms: Uint8Array;
}

/** Constants are half of all names in a Go program and seldom asked for, so they have a walk of their own. */
export type Wanted = 'program' | 'constants';

const TYPE_TAGS: ReadonlySet<number> = new Set([
  TAG.arrayType,
  TAG.classType,
  TAG.enumerationType,
  TAG.pointerType,
  TAG.structureType,
  TAG.subroutineType,
  TAG.typedef,
  TAG.unionType,
  TAG.baseType,
  TAG.interfaceType,
]);

export function isTypeTag(tag: number): boolean {
  return TYPE_TAGS.has(tag);
}

/** DIEs whose insides may be jumped over, where DW_AT_sibling says how far. */
const SKIPPABLE: ReadonlySet<number> = new Set([
  TAG.subprogram,
  TAG.structureType,
  TAG.classType,
  TAG.unionType,
  TAG.enumerationType,
  TAG.subroutineType,
  TAG.arrayType,
  TAG.lexicalBlock,
]);

export function compileWalk(table: AbbreviationTable, version: number, wanted: Wanted): WalkProgram {
  const start = new Uint32Array(table.length);
  const end = new Uint32Array(table.length);
  const flags = new Uint8Array(table.length);
  const markedForms = new Uint8Array(table.length);
  const operations: number[] = [];
  for (const abbreviation of table) {
    if (abbreviation === undefined) continue;
    const { code, tag, names, forms } = abbreviation;
    const keep = keepOf(tag, names, wanted);
    start[code] = operations.length;
    let pending = 0;
    for (let i = 0; i < names.length; i++) {
      if (isMarked(keep, names[i]!, forms[i]!)) {
        if (pending > 0) operations.push(pending);
        pending = 0;
        operations.push(MARK);
        markedForms[code] = forms[i]!;
      }
      const operation = operationOf(tag, keep, names[i]!, forms[i]!, version);
      // Sums stay within Int16.
      if (operation >= 0 && pending + operation < 0x7fff) {
        pending += operation;
        continue;
      }
      if (pending > 0) operations.push(pending);
      pending = Math.max(operation, 0);
      if (operation < 0) operations.push(operation);
    }
    if (pending > 0) operations.push(pending);
    end[code] = operations.length;
    flags[code] =
      FLAG.declared |
      keep |
      (operations.includes(SIBLING4, start[code]) ? FLAG.sibling : 0) |
      (abbreviation.hasChildren ? FLAG.children : 0);
  }
  return { start, end, operations: Int16Array.from(operations), flags, markedForms };
}

function keepOf(tag: number, names: readonly number[], wanted: Wanted): number {
  const named = names.includes(AT.name) && !names.includes(AT.declaration);
  if (wanted === 'constants') return tag === TAG.constant && named ? KEEP.constant : KEEP.nothing;
  if (tag === TAG.subprogram) {
    return names.includes(AT.lowPc) || names.includes(AT.ranges) ? KEEP.function : KEEP.nothing;
  }
  if (!named) return KEEP.nothing;
  if (TYPE_TAGS.has(tag)) return KEEP.type;
  return tag === TAG.variable ? KEEP.variable : KEEP.nothing;
}

function operationOf(tag: number, keep: number, name: number, form: number, version: number): number {
  if (name === AT.name && form === FORM.string && keep !== KEEP.nothing && keep !== KEEP.function)
    return HASH_NAME;
  if (name === AT.sibling && form === FORM.ref4 && SKIPPABLE.has(tag)) return SIBLING4;
  return skipOperation(form, version);
}

function isMarked(keep: number, name: number, form: number): boolean {
  if (keep === KEEP.function) return name === AT.lowPc && (form === FORM.addr || form === FORM.addrx);
  return keep === KEEP.type && name === AT.goRuntimeType && form === FORM.addr;
}

function skipOperation(form: number, version: number): number {
  const size = fixedSize(form, version);
  if (size >= 0) return size;
  if (form === FORM.string) return SKIP_STRING;
  if (isLeb(form)) return SKIP_LEB;
  switch (form) {
    case FORM.block1:
      return SKIP_BLOCK1;
    case FORM.block2:
      return SKIP_BLOCK2;
    case FORM.block4:
      return SKIP_BLOCK4;
    case FORM.block:
    case FORM.exprloc:
      return SKIP_BLOCK;
    default:
      return SKIP_INDIRECT;
  }
}
