import { hex, type RuntimeAddress } from '../base/index.ts';
import type { Memory, MemoryRegion, ModuleMap, Thread } from './target.ts';

/** What stands at an address that a program failed on. `text` says it whole. */
export type FaultPlace = { readonly text: string } & (
  | { readonly kind: 'nil'; readonly offset: number }
  | { readonly kind: 'stack-guard'; readonly stack: MemoryRegion; readonly thread: Thread | undefined }
  | { readonly kind: 'mapped'; readonly region: MemoryRegion; readonly module: string | undefined }
  | {
      readonly kind: 'unmapped';
      readonly below: MemoryRegion | undefined;
      readonly above: MemoryRegion | undefined;
    }
  | { readonly kind: 'not-canonical' }
);

/** Go's compiler checks for nil by touching at most this far from it (cmd/compile: minZeroPage; go/src/runtime: 4096). */
const NIL_PAGE = 4096;
/** A stack overflow's first access lies at most a large frame below the stack. */
const GUARD_REACH = 64 * 1024;
/** User space ends below 2^47 (amd64) or 2^48 (arm64) unless a program asks for more; no address is above 2^56. */
const USER_SPACE_END = 2 ** 56;

/** Tells what a fault address is, from the memory map alone. */
export function describeFault(
  address: RuntimeAddress,
  setting: {
    readonly memory: Memory;
    readonly modules: ModuleMap;
    readonly threads: readonly Thread[];
    readonly stackPointer: (thread: Thread) => number | undefined;
  },
): FaultPlace {
  const { memory } = setting;
  if (address < NIL_PAGE) {
    const text = address === 0 ? 'nil' : `nil + ${address}: a field or element of a nil pointer`;
    return { kind: 'nil', offset: address, text };
  }
  if (address >= USER_SPACE_END)
    return { kind: 'not-canonical', text: 'not an address that a program can have' };
  const region = memory.regionAt(address);
  const guard = stackGuardAt(address, region, setting);
  if (guard !== undefined) return guard;
  if (region === undefined) return unmapped(address, memory.regions);
  const module = setting.modules.at(address)?.path ?? region.file;
  return { kind: 'mapped', region, module, text: describeRegion(region, module) };
}

function stackGuardAt(
  address: RuntimeAddress,
  region: MemoryRegion | undefined,
  setting: Parameters<typeof describeFault>[1],
): FaultPlace | undefined {
  if (region?.readable) return undefined;
  const stack = setting.memory.regions.find(
    (r) => r.writable && r.start > address && r.start - address <= GUARD_REACH,
  );
  if (stack === undefined) return undefined;
  const on = (thread: Thread): boolean => {
    const sp = setting.stackPointer(thread);
    return sp !== undefined && Math.abs(sp - stack.start) <= GUARD_REACH;
  };
  const thread = setting.threads.find(on);
  if (thread === undefined) return undefined;
  const text = `the guard below the stack of thread ${thread.id}: the stack has overflowed`;
  return { kind: 'stack-guard', stack, thread, text };
}

function describeRegion(region: MemoryRegion, module: string | undefined): string {
  const rights = `${region.readable ? 'r' : '-'}${region.writable ? 'w' : '-'}${region.executable ? 'x' : '-'}`;
  const owner = module === undefined ? 'anonymous memory' : module;
  const what = region.executable ? `code of ${owner}` : owner;
  return `mapped (${rights}), ${what}, ${hex(region.start)}–${hex(region.end)}`;
}

function unmapped(address: RuntimeAddress, regions: readonly MemoryRegion[]): FaultPlace {
  let below: MemoryRegion | undefined;
  let above: MemoryRegion | undefined;
  for (const region of regions) {
    if (region.end <= address) below = region;
    else if (above === undefined && region.start > address) above = region;
  }
  const near = [
    below === undefined
      ? undefined
      : `${hex(address - below.end)} above ${hex(below.start)}–${hex(below.end)}`,
    above === undefined
      ? undefined
      : `${hex(above.start - address)} below ${hex(above.start)}–${hex(above.end)}`,
  ].filter((text) => text !== undefined);
  const text = near.length === 0 ? 'not mapped' : `not mapped: ${near.join(', ')}`;
  return { kind: 'unmapped', below, above, text };
}
