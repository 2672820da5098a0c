import type { SchedulerFacts } from '../../golang/index.ts';
import {
  beside,
  COUNTED,
  GRAIN,
  R12,
  R14,
  R15,
  RAX,
  RBP,
  RDX,
  RSP,
  SIZE_SHIFT,
  SLOT,
  type TrampolineCode,
} from '../../probe/index.ts';
import { type CallLayout, MOST_CONTENTS, type StoredContents, type WordSource } from './call-layout.ts';
import { CALL_RECORD, DROPPED_SHIFT } from './call-record.ts';

const WORD = 8;
const XMM15 = 15;
/** Nothing of a program is below. */
const FIRST_PAGE = 4096;
const FRAME_BYTES = 16;

/** A probe's record: of which kind, of which function, and with what in it. */
export interface CallRecordOrder {
  readonly kind: number;
  readonly function: number;
  readonly layout: CallLayout;
  /** R14 may be no g here: in the runtime, before a thread has one and behind a signal. */
  readonly mayLackG: boolean;
}

/**
 * Writes the record of a call where RSP points to the return address. R12, R13 and R15 are free there (facts on inline
 * probes); RAX and RDX are kept in XMM15, which is zero between Go's instructions; everything else is left alone.
 */
export function writeCallRecord(out: TrampolineCode, order: CallRecordOrder, facts: SchedulerFacts): void {
  const { code } = out;
  const { layout } = order;
  if (order.mayLackG) {
    code.test(R14, R14);
    code.branch('zero', out.out);
  }
  out.reserveKeepingAll(layout.length);
  for (const { at, from } of layout.words) {
    if (from.kind === 'register') code.store(beside(R12, at), from.register);
    else if (from.kind === 'vector') code.storeVector(beside(R12, at), from.vector);
  }
  code.toVector(XMM15, 0, RDX);
  code.toVector(XMM15, 1, RAX);
  // Contents first: the first of them may be what RAX points to.
  for (const contents of layout.contents) writeContents(out, contents);
  for (const { at, from } of layout.words) {
    if (from.kind !== 'stack') continue;
    code.load(RAX, beside(RSP, from.offset));
    code.store(beside(R12, at), RAX);
  }
  if (layout.frames > 0) writeFrames(out, layout, facts);
  out.time();
  code.store(beside(R12, SLOT.time), RAX);
  code.load(RAX, out.header('dropped'));
  code.shiftLeft(RAX, DROPPED_SHIFT);
  code.calculate32('or', RAX, {
    number: ((layout.length / GRAIN) << 8) | (COUNTED << SIZE_SHIFT) | order.kind,
  });
  code.store32(beside(R12, SLOT.kind), RAX);
  code.storeNumber32(beside(R12, CALL_RECORD.function), order.function);
  writeGoroutine(out, facts);
  code.fromVector(RAX, XMM15, 1);
  code.fromVector(RDX, XMM15, 0);
  code.clearVector(XMM15);
  out.commit();
}

/** Uses RAX. */
function writeGoroutine({ code }: TrampolineCode, { g, m }: SchedulerFacts): void {
  code.load(RAX, beside(R14, g.goid));
  code.store(beside(R12, CALL_RECORD.goroutine), RAX);
  code.load(RAX, beside(R14, g.stackHigh));
  code.calculate('sub', RAX, RSP);
  code.store32(beside(R12, CALL_RECORD.depth), RAX);
  code.load(RAX, beside(R14, g.m));
  code.load32(RAX, beside(RAX, m.procId));
  code.store32(beside(R12, CALL_RECORD.thread), RAX);
}

/**
 * The aligned words that hold the first bytes of a string or slice: such a word is never half unreadable. Uses RAX, RDX
 * and R15; pointers and lengths come from registers and stack, never from the ring.
 */
function writeContents({ code }: TrampolineCode, { at, pointer, length, shift }: StoredContents): void {
  const short = code.label();
  const done = code.label();
  const load = (to: typeof RAX | typeof R15, from: WordSource): void => {
    if (from.kind === 'stack') code.load(to, beside(RSP, from.offset));
    else if (from.kind === 'register' && from.register !== to) code.move(to, from.register);
  };
  load(RAX, pointer);
  load(R15, length);
  if (shift > 0) code.shiftLeft(R15, shift);
  code.calculate('compare', R15, { number: MOST_CONTENTS });
  code.branch('belowOrEqual', short);
  code.moveNumber(R15, MOST_CONTENTS);
  code.bind(short);
  code.test(R15, R15);
  code.branch('zero', done);
  code.calculate('compare', RAX, { number: FIRST_PAGE });
  code.branch('below', done);
  code.calculate('add', R15, RAX);
  code.calculate('and', RAX, { number: -WORD });
  for (let offset = 0; offset <= MOST_CONTENTS; offset += WORD) {
    code.load(RDX, beside(RAX, offset));
    code.store(beside(R12, at + offset), RDX);
    if (offset === MOST_CONTENTS) break;
    code.address(RDX, beside(RAX, offset + WORD));
    code.calculate('compare', RDX, R15);
    code.branch('aboveOrEqual', done);
  }
  code.bind(done);
}

/** Return addresses along the frame pointers, which lead upwards within the stack. Uses RAX and RDX. */
function writeFrames(
  { code }: TrampolineCode,
  { frames, framesAt }: CallLayout,
  { g }: SchedulerFacts,
): void {
  const end = code.label();
  const full = code.label();
  const ends = Array.from({ length: frames }, () => code.label());
  code.load(RAX, beside(RSP, 0));
  code.store(beside(R12, framesAt), RAX);
  code.move(RDX, RBP);
  code.calculate('compare', RDX, RSP);
  for (let i = 1; i < frames; i++) {
    // A frame pointer is above the one before it, and the first above RSP.
    code.branch('belowOrEqual', ends[i]!);
    code.address(RAX, beside(RDX, FRAME_BYTES));
    code.calculate('compare', RAX, beside(R14, g.stackHigh));
    code.branch('above', ends[i]!);
    code.testByte(RDX, WORD - 1);
    code.branch('notZero', ends[i]!);
    code.load(RAX, beside(RDX, WORD));
    code.store(beside(R12, framesAt + i * WORD), RAX);
    code.move(RAX, RDX);
    code.load(RDX, beside(RDX, 0));
    code.calculate('compare', RDX, RAX);
  }
  code.jump(full);
  for (let i = 1; i < frames; i++) {
    code.bind(ends[i]!);
    code.storeNumber(beside(R12, framesAt + i * WORD), 0);
    code.jump(end);
  }
  code.bind(full);
  code.bind(end);
}
