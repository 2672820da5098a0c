import { TargetFault, UserError } from '../base/index.ts';
import { findCodeSpace } from './code-space.ts';
import { JUMP_LENGTH, type PatchSite, patchBytes } from './patch-site.ts';
import type { ProbeTarget, ProbeThread, RingFile } from './port.ts';
import { mappedBytes } from './ring-layout.ts';
import { type ProbeBody, type RingPlace, type Trampoline, writeTrampolines } from './trampoline.ts';

/** Numbers of amd64, and flags of <sys/mman.h>. */
const SYS = { close: 3, mmap: 9, munmap: 11, madvise: 28, ftruncate: 77, memfd_create: 319 } as const;
const READ_EXECUTE = 5;
const READ_WRITE = 3;
const MAP_SHARED = 1;
const MAP_PRIVATE_ANONYMOUS = 0x22;
const MAP_FIXED_NOREPLACE = 0x10_0000;
const MFD_CLOEXEC = 1;
const MADV_REMOVE = 9;

const CODE_BYTES = 64 * 1024;
/** The code begins with what tells a later session whose it is. */
const MARK = 'mattock probes';
const MARK_BYTES = 64;
const OWNER_AT = 16;
const NAME_AT = 24;
/** Above the stack pointer of a signal handler: its frames, and what it interrupted. */
const HANDLER_BYTES = 64 * 1024;

export interface InstallOptions {
  readonly text: { readonly start: number; readonly end: number };
  readonly ring: Pick<RingPlace, 'bytes' | 'whenFull' | 'patience'>;
  /** Our process id. */
  readonly owner: number;
  isAlive(process: number): boolean;
  /** Opens the memfd that is descriptor `descriptor` of the program. */
  openRing(descriptor: number): RingFile;
}

/** Somebody was interrupted in the middle of a window: asked again in a moment, it will have gone on. */
export class WindowBusy extends Error {}

/** Puts probes into a program whose threads are all stopped. They fire when it goes on. */
export function installProbes(
  target: ProbeTarget,
  probes: readonly ProbeBody[],
  options: InstallOptions,
): InstalledProbes {
  for (const { site } of probes) checkSite(target, site, options);
  const sites = probes.map(({ site }) => site);
  checkHandlers(target, sites);
  const { text, ring } = options;
  const size = CODE_BYTES + mappedBytes(ring.bytes);
  const address = findCodeSpace(text, target.mapped, size);
  if (address === undefined) throw new UserError('there is no free memory near the text of the program');
  map(target, address, CODE_BYTES, READ_EXECUTE, MAP_PRIVATE_ANONYMOUS, -1);
  target.write(address, mark(options.owner));
  const ringAddress = address + CODE_BYTES;
  const file = mapRing(target, address + NAME_AT, ringAddress, mappedBytes(ring.bytes), options);
  const place: RingPlace = { ...ring, address: ringAddress };
  const { bytes, trampolines } = writeTrampolines(address + MARK_BYTES, place, probes);
  if (bytes.length > CODE_BYTES - MARK_BYTES)
    throw new UserError('there are too many probes for one page of code');
  target.write(address + MARK_BYTES, bytes);
  for (const thread of target.threads) leaveWindow(thread, trampolines);
  for (const { site, entry } of trampolines) target.write(site.address, patchBytes(site, entry));
  return new InstalledProbes(address, size, file, sites);
}

/** Probes that are in a program. */
export class InstalledProbes {
  readonly ring: RingFile;
  readonly #code: number;
  readonly #size: number;
  readonly #sites: readonly PatchSite[];

  constructor(code: number, size: number, ring: RingFile, sites: readonly PatchSite[]) {
    this.#code = code;
    this.#size = size;
    this.ring = ring;
    this.#sites = sites;
  }

  /** Gives the program its own text back. All threads are stopped. Who is in a trampoline goes on there. */
  restore(target: ProbeTarget): void {
    for (const site of this.#sites) target.write(site.address, site.original);
  }

  /** Whether a thread is in a trampoline, or may come back to one: what it writes is not whole. */
  isUsed(target: ProbeTarget): boolean {
    const isInside = (pc: number): boolean => pc >= this.#code && pc < this.#code + CODE_BYTES;
    return target.threads.some((thread) => isInside(thread.pc) || interruptedAt(target, thread, isInside));
  }

  /** After `restore`: takes the code and the ring away, or the ring's memory only where the code is still used. */
  release(target: ProbeTarget): void {
    if (!this.isUsed(target)) {
      target.systemCall(SYS.munmap, [this.#code, this.#size]);
      return;
    }
    const ring = this.#code + CODE_BYTES;
    target.systemCall(SYS.madvise, [ring, this.#size - CODE_BYTES, MADV_REMOVE]);
  }
}

/** The site holds what the binary says, or what a session left there that has died since. */
function checkSite(
  target: ProbeTarget,
  { name, address, original }: PatchSite,
  options: InstallOptions,
): void {
  const there = target.read(address, original.length);
  if (there.every((byte, i) => byte === original[i])) return;
  if (there[0] !== 0xe9)
    throw new UserError(`the code of ${name} is not what the binary says: it cannot be probed`);
  const view = new DataView(there.buffer, there.byteOffset);
  const code = address + JUMP_LENGTH + view.getInt32(1, true);
  const start = code - (code % CODE_BYTES);
  const owner = ownerOf(target, start);
  if (owner === undefined) throw new UserError(`another tool has patched ${name}: it cannot be probed`);
  if (owner !== options.owner && options.isAlive(owner)) {
    throw new UserError(`process ${owner} traces this program already`, 'end it first, or wait for it');
  }
}

function ownerOf(target: ProbeTarget, start: number): number | undefined {
  try {
    const bytes = target.read(start, MARK_BYTES);
    const text = String.fromCharCode(...bytes.subarray(0, MARK.length));
    return text === MARK ? new DataView(bytes.buffer, bytes.byteOffset).getUint32(OWNER_AT, true) : undefined;
  } catch (error) {
    if (error instanceof TargetFault) return undefined;
    throw error;
  }
}

function mark(owner: number): Uint8Array {
  const bytes = new Uint8Array(MARK_BYTES);
  bytes.set([...MARK].map((character) => character.charCodeAt(0)));
  new DataView(bytes.buffer).setUint32(OWNER_AT, owner, true);
  bytes.set(
    [...'mattock'].map((character) => character.charCodeAt(0)),
    NAME_AT,
  );
  return bytes;
}

/** A handler that interrupted a thread within a window would return into the middle of the jump. */
function checkHandlers(target: ProbeTarget, sites: readonly PatchSite[]): void {
  const inWindow = (word: number): boolean =>
    sites.some(({ address, original }) => word > address && word < address + original.length);
  if (target.threads.some((thread) => interruptedAt(target, thread, inWindow))) throw new WindowBusy();
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
function leaveWindow(thread: ProbeThread, trampolines: readonly Trampoline[]): void {
  const { pc } = thread;
  for (const { site, moved } of trampolines) {
    const offset = pc - site.address;
    if (offset > 0 && offset < site.original.length) thread.moveTo(moved + offset);
  }
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
  { openRing }: InstallOptions,
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
