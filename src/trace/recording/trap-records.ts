import { functionStart, type SchedulerFacts } from '../../golang/index.ts';
import {
  behindCheck,
  PROLOGUE_BYTES,
  R14,
  RAX,
  RBP,
  RBX,
  RCX,
  type Register,
  SIZE_SHIFT,
  slotBytes,
} from '../../probe/index.ts';
import { behindArm64Check } from './arm64-stack-check.ts';
import { inlinedChanges, unseenText } from './inlined-changes.ts';
import { stateChanges } from './probe-set.ts';
import { G_STATE, RECORD } from './record.ts';
import { STATE_PROBES, type StateChange } from './state-probe.ts';
import { type Value, type ValueProbe, valueProbes } from './value-probe.ts';
import { waitDetails } from './wait-details.ts';

/** What a trap looks at: registers of the thread that arrived, and memory. */
export interface TrapSight {
  /** What amd64 has there; on arm64 what has the same part in Go's calls. */
  register(register: Register): number;
  /** Where the function that was just entered goes back to. */
  returnAddress(): number;
  /** How many bytes came. */
  read(address: number, into: Uint8Array): number;
  /** CLOCK_MONOTONIC, in nanoseconds. */
  now(): number;
}

export interface SchedulerTrap {
  readonly address: number;
  /** The record that a probe writes (record.ts), in `words`; false: there is nothing to tell. */
  record(sight: TrapSight): boolean;
}

export interface TrapSet {
  readonly traps: readonly SchedulerTrap[];
  /** Where every record is put. */
  readonly words: Uint32Array;
  readonly missing: readonly string[];
  readonly syscallProbes: boolean;
}

const SMALL = 0;
const TALL = 1;
const SELECT = 2;
const WORD = 8;
const FRAME_BYTES = 16;
/** The stack is read by pieces of this size. */
const STACK_PIECE = 4096;
const NO_PROCESSOR = -1;
const HAS_STACK: ReadonlySet<number> = new Set([
  G_STATE.runnable,
  G_STATE.syscall,
  G_STATE.waiting,
  G_STATE.preempted,
]);

/** The same records as those of the inline probes, made from outside by whoever holds the thread at the same place. */
export function planTraps(facts: SchedulerFacts): TrapSet {
  const writer = new RecordWriter(facts);
  const missing: string[] = [];
  const traps: SchedulerTrap[] = [];
  const add = (functions: readonly string[], record: SchedulerTrap['record']): void => {
    const address = trapAddress(facts, functions);
    if (address !== undefined) traps.push({ address, record });
  };
  const changes = stateChanges(facts);
  const inlined = inlinedChanges(facts);
  const unseen = [...inlined.unseen, ...new Set(inlined.sites.map(({ name }) => name))];
  if (unseen.length > 0) missing.push(unseenText(unseen));
  for (const change of changes) add(change.functions, (sight) => writer.change(change, sight));
  for (const probe of valueProbes(facts)) add(probe.functions, (sight) => writer.values(probe, sight));
  return { traps, words: writer.words, missing, syscallProbes: changes !== STATE_PROBES };
}

/** Behind the check of the stack, whose restart comes to the entry once more; the entry where that is not known. */
function trapAddress(facts: SchedulerFacts, functions: readonly string[]): number | undefined {
  for (const name of functions) {
    const start = functionStart(facts, name, PROLOGUE_BYTES);
    if (start === undefined) continue;
    const behind = facts.image.arch === 'arm64' ? behindArm64Check(start.bytes) : behindCheck(start.bytes);
    return start.entry + (behind ?? 0);
  }
  return undefined;
}

class RecordWriter {
  readonly words = new Uint32Array(slotBytes(SELECT) / 4);
  readonly #facts: SchedulerFacts;
  readonly #details: ReturnType<typeof waitDetails>;
  readonly #view = new DataView(this.words.buffer);
  readonly #number = new Uint8Array(WORD);
  readonly #numberView = new DataView(this.#number.buffer);
  readonly #stack = new Uint8Array(STACK_PIECE);
  readonly #stackView = new DataView(this.#stack.buffer);
  #sight!: TrapSight;

  constructor(facts: SchedulerFacts) {
    this.#facts = facts;
    this.#details = waitDetails(facts);
  }

  change(change: StateChange, sight: TrapSight): boolean {
    this.#sight = sight;
    const { g } = this.#facts;
    const given = change.states === 'arguments';
    const before = change.states === 'arguments' ? sight.register(RBX) : change.states.old;
    const after = change.states === 'arguments' ? sight.register(RCX) : change.states.new;
    // idle → dead says nothing; copying of stacks has its own trap.
    if (given && (before === G_STATE.idle || before === G_STATE.copyStack || after === G_STATE.copyStack))
      return false;
    const subject = sight.register(change.subject === 'argument' ? RAX : R14);
    const reason = this.#byte(subject + g.waitReason);
    const machine = this.#machine();
    const size = this.#size(after, given, reason, machine.current);
    this.#begin(change.kind | (size << SIZE_SHIFT));
    this.#view.setUint8(RECORD.oldState, before);
    this.#view.setUint8(RECORD.newState, after);
    this.#view.setUint8(RECORD.reason, reason);
    this.#view.setUint32(RECORD.caller, sight.returnAddress() % 2 ** 32, true);
    this.#put(RECORD.subject, subject);
    this.#put(RECORD.id, this.#word(subject + g.goid));
    this.#putMachine(machine);
    const lock = this.#word(machine.address + this.#facts.m.waitLock);
    this.#put(RECORD.extra, given && before === G_STATE.dead ? this.#word(subject + g.startPc) : lock);
    if (size === SMALL) return true;
    if (given && after === G_STATE.waiting) this.#putDetail(reason, lock, subject);
    this.#putFrames(machine.current);
    if (size === SELECT) this.#putCases(subject);
    return true;
  }

  values(probe: ValueProbe, sight: TrapSight): boolean {
    this.#sight = sight;
    if (probe.unlessEqual !== undefined) {
      const { from, fields } = probe.unlessEqual;
      const base = sight.register(from);
      if (this.#word(base + fields[0]) % 2 ** 32 === this.#word(base + fields[1]) % 2 ** 32) return false;
    }
    this.#begin(probe.kind);
    this.#putMachine(this.#machine());
    this.#put(RECORD.subject, this.#value(probe.first));
    this.#put(RECORD.id, this.#value(probe.second));
    if (probe.third !== undefined) this.#put(RECORD.actor, this.#value(probe.third));
    this.#put(RECORD.extra, this.#value(probe.fourth));
    return true;
  }

  /** A select has its cases; other waits have a stack; without a goroutine on the thread there is none. */
  #size(after: number, given: boolean, reason: number, current: number): number {
    if (!HAS_STACK.has(after) || current === 0) return SMALL;
    const selects = given && after === G_STATE.waiting && this.#facts.waitReasons[reason] === 'select';
    return selects ? SELECT : TALL;
  }

  #begin(kind: number): void {
    this.words.fill(0);
    this.#put(WORD, this.#sight.now());
    this.#view.setUint8(2 * WORD, kind);
  }

  #machine(): Machine {
    const { g, m } = this.#facts;
    const address = this.#word(this.#sight.register(R14) + g.m);
    return { address, current: this.#word(address + m.curg) };
  }

  /** Who did it: m.curg's id, thread, P. */
  #putMachine({ address, current }: Machine): void {
    const { g, m, p } = this.#facts;
    this.#put(RECORD.actor, current === 0 ? 0 : this.#word(current + g.goid));
    this.#view.setUint32(RECORD.thread, this.#word(address + m.procId) % 2 ** 32, true);
    const processor = this.#word(address + m.p);
    const id = processor === 0 ? NO_PROCESSOR : this.#word(processor + p.id) % 2 ** 32;
    this.#view.setInt32(RECORD.processor, id, true);
  }

  /** Two words beside m.waitlock (by the words for why it is waited), else until when the goroutine sleeps. */
  #putDetail(reason: number, lock: number, subject: number): void {
    const { g, waitReasons } = this.#facts;
    const offsets = this.#details.get(waitReasons[reason] ?? '');
    if (lock !== 0 && offsets !== undefined) {
      this.#put(RECORD.detail, this.#word(lock + offsets[0]));
      this.#put(RECORD.detail2, this.#word(lock + offsets[1]));
    } else if (g.sleepWhen !== undefined) this.#put(RECORD.detail, this.#word(subject + g.sleepWhen));
  }

  /** As the inline probe walks: along frame pointers, upwards only, and within the stack of the goroutine. */
  #putFrames(current: number): void {
    const { g } = this.#facts;
    const sight = this.#sight;
    let low = this.#word(current + g.stackLow);
    const high = this.#word(current + g.stackHigh) - FRAME_BYTES;
    const own = sight.register(R14) === current;
    let frame = own ? sight.register(RBP) : this.#word(current + g.schedBp);
    let at: number = RECORD.frames;
    this.#put(at, own ? sight.returnAddress() : this.#word(current + g.schedPc));
    let pieceAt = 0;
    let pieceLength = 0;
    for (at += WORD; at < RECORD.framesEnd; at += WORD) {
      if (frame < low || frame > high || frame % WORD !== 0) return;
      if (frame < pieceAt || frame + FRAME_BYTES > pieceAt + pieceLength) {
        pieceAt = frame;
        pieceLength = sight.read(
          frame,
          this.#stack.subarray(0, Math.min(STACK_PIECE, high + FRAME_BYTES - frame)),
        );
        if (pieceLength < FRAME_BYTES) return;
      }
      this.#put(at, Number(this.#stackView.getBigUint64(frame - pieceAt + WORD, true)));
      low = frame + WORD;
      frame = Number(this.#stackView.getBigUint64(frame - pieceAt, true));
    }
  }

  /** From g.waiting on; who was queued last for sending at the channel sends. */
  #putCases(subject: number): void {
    const { g, sudog, channel } = this.#facts;
    let waiter = this.#word(subject + g.waiting);
    for (let at: number = RECORD.cases; at < RECORD.casesEnd && waiter !== 0; at += WORD) {
      const address = this.#word(waiter + sudog.channel);
      if (address === 0) return;
      const sends = this.#word(address + channel.lastSender) === waiter;
      this.#put(at, address + (sends ? 1 : 0));
      waiter = this.#word(waiter + sudog.waitLink);
    }
  }

  #value(value: Value | undefined): number {
    if (value === undefined) return 0;
    const { path, bytes = WORD } = value;
    let base = value.from === 'nothing' ? 0 : this.#sight.register(value.from);
    for (const offset of path) base = this.#word(base + offset);
    return path.length > 0 && bytes < WORD ? base % 2 ** (8 * bytes) : base;
  }

  #put(at: number, value: number): void {
    this.#view.setUint32(at, value % 2 ** 32, true);
    this.#view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
  }

  /** What cannot be read is 0, as is what is not there. */
  #word(address: number): number {
    if (this.#sight.read(address, this.#number) < WORD) return 0;
    return Number(this.#numberView.getBigUint64(0, true));
  }

  #byte(address: number): number {
    return this.#word(address) % 256;
  }
}

interface Machine {
  /** Of the m. */
  readonly address: number;
  /** m.curg, 0 without one. */
  readonly current: number;
}
