import type { SchedulerFacts } from '../../golang/index.ts';
import {
  beside,
  R8,
  R9,
  R10,
  R11,
  R12,
  R13,
  R14,
  R15,
  RAX,
  RBP,
  RBX,
  RCX,
  RDI,
  RDX,
  type Register,
  RSI,
  RSP,
  SIZE_SHIFT,
  SLOT,
  type SlotSize,
  slotBytes,
  type TrampolineCode,
} from '../../probe/index.ts';
import { G_STATE, KIND, RECORD } from './record.ts';
import { waitDetails } from './wait-details.ts';

const SMALL: SlotSize = 0;
const TALL: SlotSize = 1;
const SELECT: SlotSize = 2;
const WORD = 8;
/** The walk ends below where a frame's two words would leave the stack. */
const FRAME_BYTES = 16;

/** A change of state: of which goroutine, from what to what. */
export interface StateChange {
  readonly kind: number;
  /** casgstatus(gp, old, new) has all three in registers; others change the current g, or their first argument. */
  readonly states: 'arguments' | { readonly old: number; readonly new: number };
  readonly subject: 'argument' | 'current';
}

/**
 * Writes the body of a probe on a function that changes the state of a goroutine. At the window the first three
 * arguments are in RAX, RBX and RCX and stay there; every other register but R14, RBP and RSP is free (facts: no function
 * that is probed by this has more arguments, and none is a closure).
 *
 * `inlinedAt`: it is not entered, but stands here in whoever would have called it.
 *
 * After `reserve`: RDI the subject, R8 kind and states, R10 m, R11 m.curg, R12 the slot, R13 the position.
 */
export function writeStateProbe(
  out: TrampolineCode,
  change: StateChange,
  facts: SchedulerFacts,
  inlinedAt?: number,
): void {
  const { code } = out;
  const { states } = change;
  if (states === 'arguments') {
    // idle → dead says nothing; copying of stacks has its own probe.
    code.calculate32('compare', RCX, { number: G_STATE.copyStack });
    code.branch('equal', out.out);
    code.calculate32('compare', RBX, { number: G_STATE.copyStack });
    code.branch('equal', out.out);
    code.calculate32('compare', RBX, { number: G_STATE.idle });
    code.branch('equal', out.out);
  }
  chooseSize(out, change, facts);
  out.reserve();
  out.stamp();
  if (change.subject === 'argument') code.move(RDI, RAX);
  else code.move(RDI, R14);
  writeStates(out, change, facts, inlinedAt);
  code.store(beside(R12, RECORD.subject), RDI);
  code.load(RDX, beside(RDI, facts.g.goid));
  code.store(beside(R12, RECORD.id), RDX);
  writeMachine(out, facts);
  writeExtra(out, change, facts);
  const short = code.label();
  code.testByte(R9, 0xff);
  code.branch('zero', short);
  writeDetail(out, change, facts);
  writeFrames(out, facts, inlinedAt);
  writeCases(out, facts);
  code.bind(short);
  out.commit();
}

/** R13: length of the slot; R9: its size as it stands above the kind. */
function chooseSize({ code }: TrampolineCode, { states, subject }: StateChange, facts: SchedulerFacts): void {
  const chosen = code.label();
  const { g, m, waitReasons } = facts;
  const tallAfter = [G_STATE.runnable, G_STATE.syscall, G_STATE.waiting, G_STATE.preempted];
  code.moveNumber(R13, slotBytes(SMALL));
  code.calculate32('xor', R9, R9);
  if (states === 'arguments') {
    code.moveNumber(R12, maskOf(tallAfter));
    code.testBit(R12, RCX);
    code.branch('noCarry', chosen);
  } else if (!(tallAfter as number[]).includes(states.new)) {
    code.bind(chosen);
    return;
  }
  // Whose stack it is to be: without a goroutine on the thread there is none.
  code.load(R10, beside(R14, g.m));
  code.load(R11, beside(R10, m.curg));
  code.test(R11, R11);
  code.branch('zero', chosen);
  code.moveNumber(R13, slotBytes(TALL));
  code.moveNumber(R9, TALL << SIZE_SHIFT);
  const select = waitReasons.indexOf('select');
  if (states === 'arguments' && select > 0) {
    code.calculate32('compare', RCX, { number: G_STATE.waiting });
    code.branch('notEqual', chosen);
    code.load8(R12, beside(subject === 'argument' ? RAX : R14, g.waitReason));
    code.calculate32('compare', R12, { number: select });
    code.branch('notEqual', chosen);
    code.moveNumber(R13, slotBytes(SELECT));
    code.moveNumber(R9, SELECT << SIZE_SHIFT);
  }
  code.bind(chosen);
}

const maskOf = (bits: readonly number[]): number => bits.reduce((mask, bit) => mask + 2 ** bit, 0);

function writeStates(
  { code }: TrampolineCode,
  { kind, states }: StateChange,
  { g }: SchedulerFacts,
  inlinedAt: number | undefined,
): void {
  if (states === 'arguments') {
    code.move32(R8, RCX);
    code.shiftLeft(R8, 8);
    code.move32(RDX, RBX);
    code.calculate('or', R8, RDX);
    code.shiftLeft(R8, 8);
  } else {
    code.moveNumber(R8, (states.new << 16) | (states.old << 8));
  }
  code.calculate('or', R8, { number: kind });
  code.calculate('or', R8, R9);
  code.load8(RDX, beside(RDI, g.waitReason));
  code.shiftLeft(RDX, 24);
  code.calculate('or', R8, RDX);
  if (inlinedAt === undefined) code.load32(RDX, beside(RSP, 0));
  else code.moveNumber(RDX, inlinedAt % 2 ** 32);
  code.shiftLeft(RDX, 32);
  code.calculate('or', R8, RDX);
  code.store(beside(R12, SLOT.kind), R8);
}

/** Who did it: m.curg's id, thread, P. Leaves m in R10 and m.curg in R11. Uses RDX, RSI. */
export function writeMachine({ code }: TrampolineCode, { g, m, p }: SchedulerFacts, actor = true): void {
  code.load(R10, beside(R14, g.m));
  code.load(R11, beside(R10, m.curg));
  if (actor) {
    const nobody = code.label();
    code.move(RDX, R11);
    code.test(R11, R11);
    code.branch('zero', nobody);
    code.load(RDX, beside(R11, g.goid));
    code.bind(nobody);
    code.store(beside(R12, RECORD.actor), RDX);
  }
  const none = code.label();
  code.load32(RDX, beside(R10, m.procId));
  code.store32(beside(R12, RECORD.thread), RDX);
  code.load(R15, beside(R10, m.p));
  code.moveNumber(RDX, 0xffff_ffff);
  code.test(R15, R15);
  code.branch('zero', none);
  code.load32(RDX, beside(R15, p.id));
  code.bind(none);
  code.store32(beside(R12, RECORD.processor), RDX);
}

/** What it waits for, or where a new one begins. */
function writeExtra({ code }: TrampolineCode, { states }: StateChange, { g, m }: SchedulerFacts): void {
  code.load(RDX, beside(R10, m.waitLock));
  if (states === 'arguments') {
    const old = code.label();
    code.calculate32('compare', RBX, { number: G_STATE.dead });
    code.branch('notEqual', old);
    code.load(RDX, beside(RDI, g.startPc));
    code.bind(old);
  }
  code.store(beside(R12, RECORD.extra), RDX);
}

/** Two words beside m.waitlock (by the words for why it is waited), else until when the goroutine sleeps. */
function writeDetail({ code }: TrampolineCode, { states }: StateChange, facts: SchedulerFacts): void {
  const { g, m, waitReasons } = facts;
  const done = code.label();
  const other = code.label();
  code.storeNumber(beside(R12, RECORD.detail), 0);
  code.storeNumber(beside(R12, RECORD.detail2), 0);
  if (states !== 'arguments') return;
  code.calculate32('compare', RCX, { number: G_STATE.waiting });
  code.branch('notEqual', done);
  code.load8(RDX, beside(RDI, g.waitReason));
  code.load(R15, beside(R10, m.waitLock));
  const details = waitDetails(facts);
  for (const [reason, text] of waitReasons.entries()) {
    const offsets = text === undefined ? undefined : details.get(text);
    if (offsets === undefined) continue;
    const next = code.label();
    code.calculate32('compare', RDX, { number: reason });
    code.branch('notEqual', next);
    code.test(R15, R15);
    code.branch('zero', other);
    code.load(RSI, beside(R15, offsets[0]));
    code.store(beside(R12, RECORD.detail), RSI);
    code.load(RSI, beside(R15, offsets[1]));
    code.store(beside(R12, RECORD.detail2), RSI);
    code.jump(done);
    code.bind(next);
  }
  code.bind(other);
  if (g.sleepWhen !== undefined) {
    code.load(RSI, beside(RDI, g.sleepWhen));
    code.store(beside(R12, RECORD.detail), RSI);
  }
  code.bind(done);
}

/**
 * Return addresses of m.curg along its frame pointers: from the registers if it is what runs here, else from where it
 * left its own stack. Only words within its stack are read. R11: m.curg. Uses RDX, RSI, R8, R15, R10.
 */
function writeFrames({ code }: TrampolineCode, { g }: SchedulerFacts, inlinedAt: number | undefined): void {
  const saved = code.label();
  const start = code.label();
  const next = code.label();
  const end = code.label();
  const full = code.label();
  const low = R8;
  const high = R10;
  const at: Register = R15;
  code.load(low, beside(R11, g.stackLow));
  code.load(high, beside(R11, g.stackHigh));
  code.calculate('sub', high, { number: FRAME_BYTES });
  code.address(at, beside(R12, RECORD.frames));
  code.calculate('compare', R14, R11);
  code.branch('notEqual', saved);
  code.move(RDX, RBP);
  if (inlinedAt === undefined) code.load(RSI, beside(RSP, 0));
  else code.moveNumber(RSI, inlinedAt);
  code.jump(start);
  code.bind(saved);
  code.load(RDX, beside(R11, g.schedBp));
  code.load(RSI, beside(R11, g.schedPc));
  code.bind(start);
  code.store(beside(at, 0), RSI);
  code.calculate('add', at, { number: WORD });
  code.bind(next);
  code.calculate('compare', RDX, low);
  code.branch('below', end);
  code.calculate('compare', RDX, high);
  code.branch('above', end);
  code.testByte(RDX, 7);
  code.branch('notZero', end);
  code.load(RSI, beside(RDX, WORD));
  code.store(beside(at, 0), RSI);
  code.calculate('add', at, { number: WORD });
  // Frames lead upwards only.
  code.move(low, RDX);
  code.calculate('add', low, { number: WORD });
  code.load(RDX, beside(RDX, 0));
  code.address(RSI, beside(R12, RECORD.framesEnd));
  code.calculate('compare', at, RSI);
  code.branch('below', next);
  code.jump(full);
  code.bind(end);
  code.storeNumber(beside(at, 0), 0);
  code.bind(full);
}

/**
 * The channels of a select, from g.waiting on. All of them are locked now; the one that was queued last for sending is
 * this case's if it is one for sending. Uses RDX, RSI, R8, R15.
 */
function writeCases({ code }: TrampolineCode, { g, sudog, channel }: SchedulerFacts): void {
  const next = code.label();
  const receives = code.label();
  const end = code.label();
  const full = code.label();
  code.calculate32('compare', R9, { number: SELECT << SIZE_SHIFT });
  code.branch('notEqual', full);
  code.address(R8, beside(R12, RECORD.cases));
  code.load(RDX, beside(RDI, g.waiting));
  code.bind(next);
  code.test(RDX, RDX);
  code.branch('zero', end);
  code.load(RSI, beside(RDX, sudog.channel));
  code.test(RSI, RSI);
  code.branch('zero', end);
  code.load(R15, beside(RSI, channel.lastSender));
  code.calculate('compare', R15, RDX);
  code.branch('notEqual', receives);
  code.calculate('or', RSI, { number: 1 });
  code.bind(receives);
  code.store(beside(R8, 0), RSI);
  code.calculate('add', R8, { number: WORD });
  code.load(RDX, beside(RDX, sudog.waitLink));
  code.address(R15, beside(R12, RECORD.casesEnd));
  code.calculate('compare', R8, R15);
  code.branch('below', next);
  code.jump(full);
  code.bind(end);
  code.storeNumber(beside(R8, 0), 0);
  code.bind(full);
}

type ProbedChange = StateChange & { readonly functions: readonly string[] };

/** The first is what all others call. */
export const STATE_PROBES: readonly [ProbedChange, ...ProbedChange[]] = [
  { kind: KIND.state, functions: ['runtime.casgstatus'], states: 'arguments', subject: 'argument' },
  {
    kind: KIND.preempt,
    functions: ['runtime.casGToPreemptScan'],
    states: { old: G_STATE.running, new: G_STATE.preempted },
    subject: 'argument',
  },
];

/** Since go1.26 the way into a system call and out of it does without casgstatus (runtime/proc.go). */
export const SYSCALL_PROBES: readonly ProbedChange[] = [
  {
    kind: KIND.enterSyscall,
    functions: ['runtime.reentersyscall'],
    states: { old: G_STATE.running, new: G_STATE.syscall },
    subject: 'current',
  },
  {
    kind: KIND.exitSyscall,
    functions: ['runtime.exitsyscall'],
    states: { old: G_STATE.syscall, new: G_STATE.running },
    subject: 'current',
  },
];
