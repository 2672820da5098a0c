import type { OutlinedInstruction } from '../arch/index.ts';
import { runtimeAddress } from '../base/index.ts';
import { type FunctionCode, leaves } from './function-code.ts';
import { behindCheck, JUMP_LENGTH, type PatchSite, PROLOGUE_BYTES, type Step } from './patch-site.ts';
import { Relocation } from './relocation.ts';

/** int3, with which Go's linker fills what is left between functions. */
const PADDING = 0xcc;
const RETURN = 0xc3;

/** A function is moved as a whole up to this length. */
const MOST_MOVED = 64;
/**
 * One that cannot be seen otherwise, up to this. In a trampoline a goroutine is not preempted and samples of a CPU profile
 * belong to nobody: it must be over soon.
 */
const MOST_RELOCATED = 256;

/** Where the calls of one function can be seen. */
export interface FunctionWindows {
  /**
   * RSP points to the return address there, and arguments are where the caller put them; of one that `growsAt` somewhere,
   * behind it.
   */
  readonly entry: PatchSite;
  /** Each ends with a `ret`. `entry` itself, if the function is so short that it is moved as a whole. */
  readonly exits: readonly PatchSite[];
  /** Returns that cannot be patched, and jumps to other functions: calls that end there are not seen to return. */
  readonly unseenReturns: readonly number[];
}

/** The windows of a compiled function, or why it has none. Rules: facts on inline probes, "safety rules". */
export function functionWindows(code: FunctionCode): FunctionWindows | string {
  const found = jumpWindows(code);
  if (!code.mayTrap) return found;
  if (typeof found !== 'string') return trappedReturns(code, found);
  const check = behindCheck(code.bytes.subarray(0, PROLOGUE_BYTES));
  const start = code.instructions.findIndex(({ address }) => address === code.address + (check ?? -1));
  if (check === undefined || start < 0) return found;
  const reached = reachedPlaces(code);
  // A loop would be taken for calls.
  if (reached?.has(code.instructions[start]!.address)) return found;
  const relocation = new Relocation(code);
  const entry = trappedEntry(code, start, relocation);
  if (entry === undefined) return found;
  return trappedReturns(code, { entry, ...exitWindows(code, entry, reached, relocation) });
}

/** The first instruction, which is executed in the trampoline. */
function trappedEntry(code: FunctionCode, start: number, relocation: Relocation): PatchSite | undefined {
  const first = code.instructions[start]!;
  if (first.movable) return { ...window(code, [first], first.length), trapped: true };
  const steps = relocation.steps(start, start + 1);
  if (steps === undefined || steps.some(({ kind }) => kind === 'return')) return undefined;
  return { ...relocated(code, first.address, first.length, steps), trapped: true };
}

/** With traps at the returns that are not seen otherwise. */
function trappedReturns(code: FunctionCode, windows: FunctionWindows): FunctionWindows {
  const isReturn = (address: number): boolean => code.bytes[address - code.address] === RETURN;
  const exits = windows.unseenReturns.filter(isReturn).map((address): PatchSite => {
    const original = Uint8Array.of(RETURN);
    return { name: code.name, address: runtimeAddress(address), original, movedBytes: 0, trapped: true };
  });
  return {
    entry: windows.entry,
    exits: [...windows.exits, ...exits],
    unseenReturns: windows.unseenReturns.filter((address) => !isReturn(address)),
  };
}

function jumpWindows(code: FunctionCode): FunctionWindows | string {
  const check = behindCheck(code.bytes.subarray(0, PROLOGUE_BYTES));
  const start = code.instructions.findIndex(({ address }) => address === code.address + (check ?? -1));
  if (check === undefined || start < 0) return 'it begins in a way that is not known';
  const reached = reachedPlaces(code);
  const whole = wholeFunction(code, start, reached);
  if (whole !== undefined) return { entry: whole, exits: [whole], unseenReturns: [] };
  const relocation = new Relocation(code);
  const plain = entryWindow(code, start, reached) ?? checkWindow(code, start);
  const windows = plain && { entry: plain, ...exitWindows(code, plain, reached, relocation) };
  if (windows?.unseenReturns.length === 0) return windows;
  const leaf = wholeLeaf(code, start, reached, relocation);
  if (leaf !== undefined) return leaf;
  if (windows !== undefined) return windows;
  const entry = entryWindow(code, start, reached, relocation);
  if (entry === undefined) return 'there is no room for a probe where it begins';
  return { entry, ...exitWindows(code, entry, reached, relocation) };
}

function exitWindows(
  code: FunctionCode,
  entry: PatchSite,
  reached: ReadonlySet<number> | undefined,
  relocation: Relocation,
): Omit<FunctionWindows, 'entry'> {
  const exits: PatchSite[] = [];
  const unseenReturns: number[] = [];
  code.instructions.forEach(({ flow, address, target }, i) => {
    if (flow === 'jump' && target !== undefined && leaves(code, target)) unseenReturns.push(address);
    if (flow !== 'return') return;
    const exit = reached === undefined ? undefined : exitWindow(code, i, reached, entry, relocation);
    if (exit === undefined) unseenReturns.push(address);
    else exits.push(exit);
  });
  return { exits, unseenReturns };
}

/** Addresses that are jumped or returned to; undefined: a jump leads where it cannot be told. */
function reachedPlaces({ instructions, jumpTable }: FunctionCode): ReadonlySet<number> | undefined {
  const reached = new Set<number>();
  let indirect = false;
  for (const { flow, target, address, length } of instructions) {
    if (flow === 'call') reached.add(address + length);
    else if ((flow === 'jump' || flow === 'branch') && target !== undefined) reached.add(target);
    else if (flow === 'jump') indirect = true;
  }
  if (!indirect) return reached;
  // `lea r, [rip + table]; jmp [r + index*8]` (cmd/compile/internal/ssagen, JUMPTABLE): every table that is named counts.
  let tables = 0;
  for (const { addresses } of instructions) {
    const places = addresses === undefined ? [] : jumpTable(addresses);
    if (places.length > 0) tables++;
    for (const place of places) reached.add(place);
  }
  return tables > 0 ? reached : undefined;
}

/** Instructions that can be moved, from the end of the check on; with `relocation` those too that may fault or branch. */
function entryWindow(
  code: FunctionCode,
  start: number,
  reached: ReadonlySet<number> | undefined,
  relocation?: Relocation,
): PatchSite | undefined {
  const first = code.instructions[start]!;
  // A loop may lead back to the very beginning of a function without a check. Jump tables lead into its body only.
  if (reached?.has(first.address) || (relocation !== undefined && reached === undefined)) return undefined;
  let end = start;
  let length = 0;
  for (; length < JUMP_LENGTH; end++) {
    const it = code.instructions[end];
    const stays = it === undefined || (!it.movable && relocation === undefined);
    if (stays || (end > start && reached?.has(it.address))) return undefined;
    length += it.length;
  }
  const moved = code.instructions.slice(start, end);
  if (relocation === undefined) return window(code, moved, length);
  const steps = relocation.steps(start, end);
  // Who returns within it would not be seen to.
  if (steps === undefined || steps.some(({ kind }) => kind === 'return')) return undefined;
  return relocated(code, first.address, length, steps);
}

/** The check itself, where what follows it cannot be moved. Only it jumps to the function's entry, when the stack has grown. */
function checkWindow(code: FunctionCode, start: number): PatchSite | undefined {
  const branch = code.instructions[start - 1];
  if (branch?.flow !== 'branch' || branch.target === undefined) return undefined;
  const length = branch.address + branch.length - code.address;
  // The check of a huge frame branches twice.
  const before = code.instructions.slice(0, start - 1);
  if (length < JUMP_LENGTH || before.some(({ flow }) => flow === 'branch')) return undefined;
  return { ...window(code, code.instructions.slice(0, start), length), growsAt: branch.target };
}

/** A short leaf without a jump in it. */
function wholeFunction(
  code: FunctionCode,
  start: number,
  reached: ReadonlySet<number> | undefined,
): PatchSite | undefined {
  const last = code.instructions.findIndex(({ movable }, i) => i >= start && !movable);
  const end = code.instructions[last];
  if (end?.flow !== 'return' || reached === undefined || reached.size > 0) return undefined;
  const moved = code.instructions.slice(start, last);
  if (end.address - code.address > MOST_MOVED) return undefined;
  return endingWith(code, moved, end);
}

/** A leaf that jumps forward at most: a loop may take its time. */
function wholeLeaf(
  code: FunctionCode,
  start: number,
  reached: ReadonlySet<number> | undefined,
  relocation: Relocation,
): FunctionWindows | undefined {
  const { instructions, bytes } = code;
  let end = instructions.length;
  while (end > start && bytes[instructions[end - 1]!.address - code.address] === PADDING) end--;
  const last = instructions[end - 1];
  const from = instructions[start]!.address;
  if (reached === undefined || last === undefined || (last.flow !== 'return' && last.flow !== 'jump'))
    return undefined;
  const length = last.address + last.length - from;
  if (length > MOST_RELOCATED) return undefined;
  const steps = relocation.steps(start, end);
  if (steps === undefined) return undefined;
  const places = new Set(steps.map(({ at }) => at));
  const unseenReturns: number[] = [];
  for (const step of steps) {
    if (step.kind !== 'jump' && step.kind !== 'branch') continue;
    const to = step.target - from;
    if (leaves(code, step.target)) unseenReturns.push(from + step.at);
    else if (to <= step.at || !places.has(to)) return undefined;
  }
  const padded = withPadding(code, from, last.address + last.length);
  if (padded === undefined) return undefined;
  const entry = relocated(code, from, padded, steps);
  return { entry, exits: steps.some(({ kind }) => kind === 'return') ? [entry] : [], unseenReturns };
}

/** From as little before the return as will do; what is behind the last return is padding, which serves too. */
function exitWindow(
  code: FunctionCode,
  at: number,
  reached: ReadonlySet<number>,
  entry: PatchSite,
  relocation: Relocation,
): PatchSite | undefined {
  const end = code.instructions[at]!;
  const floor = entry.address + entry.original.length;
  let first = at;
  for (;;) {
    const moved = code.instructions.slice(first, at);
    const start = code.instructions[first]!.address;
    const length = withPadding(code, start, end.address + end.length);
    if (length !== undefined) {
      if (moved.every(({ movable }) => movable)) return endingWith(code, moved, end);
      const steps = relocation.steps(first, at + 1);
      return steps && relocated(code, start, length, steps);
    }
    const before = code.instructions[first - 1];
    if (reached.has(start) || before === undefined) return undefined;
    if (before.flow !== 'next' || before.address < floor) return undefined;
    first--;
  }
}

/** A window of these instructions and a return, if it is long enough. */
function endingWith(
  code: FunctionCode,
  moved: readonly OutlinedInstruction[],
  { address, length }: OutlinedInstruction,
): PatchSite | undefined {
  // `ret n` is none of Go's.
  if (length !== 1) return undefined;
  const start = moved[0]?.address ?? address;
  const whole = withPadding(code, start, address + length);
  return whole === undefined
    ? undefined
    : { ...window(code, moved, whole, start), movedBytes: address - start };
}

/** How long a window is, with as much of the padding behind it as a jump needs; undefined: that is too little. */
function withPadding(code: FunctionCode, start: number, end: number): number | undefined {
  let to = end;
  while (to - start < JUMP_LENGTH && code.bytes[to - code.address] === PADDING) to++;
  return to - start < JUMP_LENGTH ? undefined : to - start;
}

function relocated(
  { name, address, bytes }: FunctionCode,
  start: number,
  length: number,
  steps: readonly Step[],
): PatchSite {
  const original = new Uint8Array(bytes.subarray(start - address, start - address + length));
  return { name, address: runtimeAddress(start), original, steps };
}

function window(
  code: FunctionCode,
  moved: readonly OutlinedInstruction[],
  length: number,
  start = moved[0]!.address,
): PatchSite {
  const from = start - code.address;
  const distances = moved.flatMap(({ address, distanceAt }) =>
    distanceAt === undefined ? [] : [address - start + distanceAt],
  );
  return {
    name: code.name,
    address: runtimeAddress(start),
    // A copy: `slice` of Node's Buffer is none.
    original: new Uint8Array(code.bytes.subarray(from, from + length)),
    ...(distances.length > 0 ? { distances } : {}),
  };
}
