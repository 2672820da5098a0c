import { UserError } from '../base/index.ts';
import { findCodeSpace } from './code-space.ts';
import {
  findLeftovers,
  type Leftover,
  MARK_BYTES,
  mark,
  NAME_AT,
  noteTable,
  ownerOf,
  restoreLeftover,
  tableOf,
} from './leftovers.ts';
import { JUMP_LENGTH, type PatchSite, patchBytes } from './patch-site.ts';
import type { ProbeTarget, ProbeThread, RingFile } from './port.ts';
import { HEADER, mappedBytes } from './ring-layout.ts';
import {
  giveSignalBack,
  type TrapPlace,
  takeSignal,
  trapBytes,
  trapTable,
  writeTrapHandler,
} from './signal-trap.ts';
import { type CheckSite, SitePieces } from './site-pieces.ts';
import { goesOnAt, type ProbeBody, type RingPlace, type Trampoline, writeTrampolines } from './trampoline.ts';
import { WindowIndex } from './window-index.ts';

/** Numbers of amd64, and flags of <sys/mman.h>. */
const SYS = { close: 3, mmap: 9, munmap: 11, madvise: 28, ftruncate: 77, memfd_create: 319 } as const;
const READ_EXECUTE = 5;
const READ_WRITE = 3;
const MAP_SHARED = 1;
const MAP_PRIVATE_ANONYMOUS = 0x22;
const MAP_FIXED_NOREPLACE = 0x10_0000;
const MFD_CLOEXEC = 1;
const MADV_REMOVE = 9;
const MADV_POPULATE_READ = 22;
const TRAP = 0xcc;
/** Of words. */
const ALIGNMENT = 8;

/** Each block of the code begins with what tells a later session whose it is. */
const BLOCK_BYTES = 64 * 1024;
/** Above the stack pointer of a signal handler: its frames, and what it interrupted. */
const HANDLER_BYTES = 64 * 1024;

/** Who else may have put probes into the program. */
interface Rivals {
  /** Our process id. */
  readonly owner: number;
  isAlive(process: number): boolean;
}

export interface PrepareOptions extends Rivals {
  readonly text: { readonly start: number; readonly end: number };
  readonly ring: Pick<RingPlace, 'bytes' | 'whenFull' | 'patience'>;
  /** Opens the memfd that is descriptor `descriptor` of the program. */
  openRing(descriptor: number): RingFile;
}

/** Somebody was interrupted in the middle of a window: asked again in a moment, it will have gone on. */
export class WindowBusy extends Error {}

/**
 * Puts code and ring of probes into a program, to which nothing leads yet. It needs one stopped thread, the others may
 * run.
 */
export function prepareProbes(
  target: ProbeTarget,
  probes: readonly ProbeBody[],
  options: PrepareOptions,
): Probes {
  const windows = new WindowIndex(probes.map(({ site }) => site));
  const leftovers = findLeftovers(target, (owner) => owner !== options.owner && !options.isAlive(owner));
  checkOverlaps(windows);
  const { text, ring } = options;
  const blocks = { size: BLOCK_BYTES, head: MARK_BYTES };
  const trapped = windows.sites.filter((site) => site.trapped).length;
  const write = (origin: number, ringAddress: number, area: number) =>
    writeTrampolines(origin, { ...ring, address: ringAddress }, probes, blocks, (code) => {
      if (trapped > 0) writeTrapHandler(code, area, trapped);
    });
  // How long the code is does not depend on where it stands.
  const trial = write(text.start, text.start, text.start);
  const table = tableOf(windows.sites);
  const traps = Math.ceil((trial.bytes.length + table.length) / ALIGNMENT) * ALIGNMENT;
  const codeBytes = Math.ceil((traps + trapBytes(trapped)) / BLOCK_BYTES) * BLOCK_BYTES;
  const size = codeBytes + mappedBytes(ring.bytes);
  const address = findCodeSpace(text, target.mapped, size);
  if (address === undefined) throw new UserError('there is no free memory near the text of the program');
  map(target, address, codeBytes, READ_EXECUTE, MAP_PRIVATE_ANONYMOUS, -1);
  try {
    target.write(address, mark(options.owner));
    const ringAddress = address + codeBytes;
    const file = mapRing(target, address + NAME_AT, ringAddress, mappedBytes(ring.bytes), options);
    const { bytes, trampolines } = write(address, ringAddress, address + traps);
    for (let at = 0; at < bytes.length; at += BLOCK_BYTES) bytes.set(mark(options.owner), at);
    const count = windows.sites.length;
    noteTable(bytes, { at: bytes.length, count, size, traps: trapped === 0 ? 0 : traps });
    target.write(address, bytes);
    target.write(address + bytes.length, table);
    if (trapped > 0) target.write(address + traps, trapTable(placesOf(trampolines)));
    const bySite = new Map(trampolines.map((trampoline) => [trampoline.site, trampoline]));
    const pieces = piecesOf(target, windows, bySite, checkBefore(target, leftovers, options));
    const parts = { code: address, codeBytes, size, ring: file, windows, bySite, traps: address + traps };
    return new Probes({ ...parts, pieces, rivals: options, leftovers });
  } catch (error) {
    target.systemCall(SYS.munmap, [address, size]);
    throw error;
  }
}

interface ProbePieces {
  readonly jumps: SitePieces;
  /** The text between them is as the jumps have made it. */
  readonly traps: SitePieces;
}

function piecesOf(
  target: ProbeTarget,
  { sites }: WindowIndex,
  bySite: ReadonlyMap<PatchSite, Trampoline>,
  check: CheckSite,
): ProbePieces {
  const patchOf = (site: PatchSite): Uint8Array => patchBytes(site, bySite.get(site)!.entry);
  const read = (address: number, length: number): Uint8Array => target.read(address, length);
  const jumps = new SitePieces(
    read,
    sites.filter(({ trapped }) => !trapped),
    patchOf,
    check,
  );
  const jumped = (address: number, length: number): Uint8Array =>
    jumps.patched(address, read(address, length));
  return {
    jumps,
    traps: new SitePieces(
      jumped,
      sites.filter(({ trapped }) => trapped),
      patchOf,
      check,
    ),
  };
}

interface ProbeParts {
  readonly code: number;
  readonly codeBytes: number;
  /** Of code and ring. */
  readonly size: number;
  readonly ring: RingFile;
  readonly windows: WindowIndex;
  readonly bySite: ReadonlyMap<PatchSite, Trampoline>;
  readonly pieces: ProbePieces;
  /** Where the part of traps is, if there are any. */
  readonly traps: number;
  readonly rivals: Rivals;
  readonly leftovers: readonly Leftover[];
}

/** Probes whose code and ring are in a program. */
export class Probes {
  readonly #parts: ProbeParts;
  readonly #jumps: WindowIndex;
  readonly #traps: WindowIndex;
  /** SIGTRAP is ours. */
  #hasSignal = false;

  constructor(parts: ProbeParts) {
    this.#parts = parts;
    this.#jumps = new WindowIndex(parts.windows.sites.filter((site) => !site.trapped));
    this.#traps = new WindowIndex(parts.windows.sites.filter((site) => site.trapped));
  }

  get ring(): RingFile {
    return this.#parts.ring;
  }

  /**
   * Maps the pages of the ring that are there already (somebody has written to its file) into the program, so that its
   * threads do not trip over each of them. Kernels before Linux 5.14 cannot: then they do.
   */
  populate(target: ProbeTarget): void {
    const { code, codeBytes, size } = this.#parts;
    target.systemCall(SYS.madvise, [code + codeBytes, size - codeBytes, MADV_POPULATE_READ]);
  }

  /**
   * Patches the sites: the probes fire when the program goes on. All threads are stopped. `interrupted` are the places
   * where goroutines were interrupted, between any two instructions, that no thread runs now. Throws WindowBusy, with
   * nothing patched. Traps are left for `installTraps`.
   */
  install(target: ProbeTarget, interrupted: Iterable<number> = []): void {
    const { leftovers, pieces, bySite } = this.#parts;
    checkInterrupted(target, this.#jumps, interrupted);
    for (const leftover of leftovers) removeLeftover(target, leftover);
    pieces.jumps.patch(target, this.#check(target));
    for (const thread of target.threads) leaveWindow(thread, this.#jumps, bySite);
  }

  /** Whether some sites are trapped. */
  get hasTraps(): boolean {
    return this.#traps.sites.length > 0;
  }

  /**
   * Puts the traps in where there is no room for jumps. All threads are stopped; the program handles its signals. False: not
   * in Go's way, and nothing has been done.
   */
  installTraps(target: ProbeTarget): boolean {
    if (!this.hasTraps) return true;
    const { code, traps, pieces } = this.#parts;
    this.#hasSignal = takeSignal(target, traps, code + MARK_BYTES, this.#scratch);
    if (this.#hasSignal) pieces.traps.patch(target, this.#check(target));
    return this.#hasSignal;
  }

  #check(target: ProbeTarget): CheckSite {
    return (site, there) => checkSite(target, site, there, this.#parts.rivals);
  }

  get #scratch(): number {
    const { code, codeBytes } = this.#parts;
    return code + codeBytes + HEADER.scratch;
  }

  /** Gives the program its own text back. All threads are stopped. Who is in a trampoline goes on there. */
  restore(target: ProbeTarget): void {
    const { jumps, traps } = this.#parts.pieces;
    traps.restore(target);
    jumps.restore(target);
  }

  /** Whether a thread is in a trampoline, or may come to one: what it writes is not whole. */
  isUsed(target: ProbeTarget): boolean {
    const { code, codeBytes } = this.#parts;
    const isTrapped = this.#hasSignal && isBehind(target, this.#traps.sites);
    return isTrapped || somebodyIsIn(target, code, code + codeBytes);
  }

  /** Whether an address is in a trampoline. */
  holds(address: number): boolean {
    const { code, codeBytes } = this.#parts;
    return address >= code && address < code + codeBytes;
  }

  /** Where text is not the program's own while they are installed. */
  get sites(): readonly PatchSite[] {
    return this.#parts.windows.sites;
  }

  /**
   * Of probes that are not installed, or not any more: takes code and ring away, or only the ring's memory where the code
   * is still used. One stopped thread is enough.
   */
  release(target: ProbeTarget, used: boolean): void {
    const { code, codeBytes, size, traps } = this.#parts;
    const stays = used || (this.#hasSignal && !giveSignalBack(target, traps, this.#scratch));
    if (stays) target.systemCall(SYS.madvise, [code + codeBytes, size - codeBytes, MADV_REMOVE]);
    else target.systemCall(SYS.munmap, [code, size]);
  }
}

function somebodyIsIn(target: ProbeTarget, start: number, end: number): boolean {
  const isInside = (pc: number): boolean => pc >= start && pc < end;
  return target.threads.some((thread) => isInside(thread.pc) || interruptedAt(target, thread, isInside));
}

/** Whether somebody may have come upon a trap and not been told yet. */
function isBehind(target: ProbeTarget, traps: readonly { readonly address: number }[]): boolean {
  const places = new Set(traps.map(({ address }) => address + 1));
  return target.threads.some(({ pc }) => places.has(pc));
}

/** What somebody has left who was killed; where a thread is in its code, or comes to it, that stays. */
function removeLeftover(target: ProbeTarget, leftover: Leftover): void {
  restoreLeftover(target, leftover);
  const { start, size, traps, ring, patched } = leftover;
  if (somebodyIsIn(target, start, start + size)) return;
  if (traps !== undefined) {
    const trapped = patched.filter(({ isTrap }) => isTrap);
    if (isBehind(target, trapped) || !giveSignalBack(target, traps, ring + HEADER.scratch)) return;
  }
  target.systemCall(SYS.munmap, [start, size]);
}

const placesOf = (trampolines: readonly Trampoline[]): TrapPlace[] =>
  trampolines
    .filter(({ site }) => site.trapped)
    .map(({ site, entry }) => ({ address: site.address, goesOnAt: entry }));

function checkOverlaps({ sites }: WindowIndex): void {
  let before: PatchSite | undefined;
  for (const site of sites) {
    if (before !== undefined && before.address + before.original.length > site.address)
      throw new Error(`two probes overlap in ${site.name}`);
    before = site;
  }
}

/** With traps of dead sessions in the text. */
function checkBefore(target: ProbeTarget, leftovers: readonly Leftover[], options: Rivals): CheckSite {
  const left = leftovers.flatMap(({ patched }) => patched.filter(({ isTrap }) => isTrap));
  const traps = new Map(left.map(({ address, original }) => [address, original]));
  return (site, bytes) => {
    const former = traps.get(site.address);
    const there = bytes.slice();
    if (former !== undefined && there[0] === TRAP) there.set(former.subarray(0, there.length));
    checkSite(target, site, there, options);
  };
}

/** The site holds what the binary says, or what a session left there that has died since. */
function checkSite(
  target: ProbeTarget,
  { name, address, original }: PatchSite,
  there: Uint8Array,
  options: Rivals,
): void {
  if (there.every((byte, i) => byte === original[i])) return;
  if (there[0] !== 0xe9)
    throw new UserError(`the code of ${name} is not what the binary says: it cannot be probed`);
  const view = new DataView(there.buffer, there.byteOffset);
  const code = address + JUMP_LENGTH + view.getInt32(1, true);
  const start = code - (code % BLOCK_BYTES);
  const owner = ownerOf(target, start);
  if (owner === undefined) throw new UserError(`another tool has patched ${name}: it cannot be probed`);
  if (owner !== options.owner && options.isAlive(owner)) {
    throw new UserError(`process ${owner} traces this program already`, 'end it first, or wait for it');
  }
}

/**
 * Who was interrupted within a window would come back into the middle of the jump: a thread behind a signal handler, a
 * goroutine that was preempted there.
 */
function checkInterrupted(target: ProbeTarget, windows: WindowIndex, interrupted: Iterable<number>): void {
  const inWindow = (word: number): boolean => windows.inside(word) !== undefined;
  if (target.threads.some((thread) => interruptedAt(target, thread, inWindow))) throw new WindowBusy();
  for (const address of interrupted) if (inWindow(address)) throw new WindowBusy();
}

/**
 * Whether a thread that is in a signal handler may go on, behind it, at an address of this kind: what it interrupted
 * stands in the handler's frame (struct ucontext), somewhere above its stack pointer.
 */
function interruptedAt(
  target: ProbeTarget,
  { blocksSignals, sp }: ProbeThread,
  matches: (address: number) => boolean,
): boolean {
  if (!blocksSignals) return false;
  const region = target.mapped.find(({ start, end }) => sp >= start && sp < end);
  if (region === undefined) return true;
  const from = sp - (sp % 8);
  const bytes = target.read(from, Math.min(HANDLER_BYTES, region.end - from));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at + 8 <= bytes.length; at += 8) {
    if (matches(view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32)) return true;
  }
  return false;
}

/** The same instruction stands in the trampoline. */
function leaveWindow(
  thread: ProbeThread,
  windows: WindowIndex,
  trampolines: ReadonlyMap<PatchSite, Trampoline>,
): void {
  const site = windows.inside(thread.pc);
  if (site !== undefined) thread.moveTo(goesOnAt(trampolines.get(site)!, thread.pc));
}

function map(
  target: ProbeTarget,
  address: number,
  length: number,
  protection: number,
  flags: number,
  descriptor: number,
): void {
  const args = [address, length, protection, flags | MAP_FIXED_NOREPLACE, descriptor, 0];
  succeed('mmap', target.systemCall(SYS.mmap, args));
}

function mapRing(
  target: ProbeTarget,
  name: number,
  address: number,
  length: number,
  { openRing }: PrepareOptions,
): RingFile {
  const descriptor = succeed('memfd_create', target.systemCall(SYS.memfd_create, [name, MFD_CLOEXEC]));
  try {
    succeed('ftruncate', target.systemCall(SYS.ftruncate, [descriptor, length]));
    map(target, address, length, READ_WRITE, MAP_SHARED, descriptor);
    return openRing(descriptor);
  } finally {
    target.systemCall(SYS.close, [descriptor]);
  }
}

function succeed(call: string, result: number): number {
  if (result >= 0) return result;
  throw new UserError(
    `the program may not make the system call ${call} (error ${-result}): inline probes are not possible`,
    'a seccomp filter or a policy against new code forbids it',
  );
}
