import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as Koffi from 'koffi';

/** rdtsc; shl rdx, 32; or rax, rdx; ret */
const READ_TIMESTAMP = Uint8Array.of(0x0f, 0x31, 0x48, 0xc1, 0xe2, 0x20, 0x48, 0x09, 0xd0, 0xc3);
const PAGE = 4096;
const READ_EXECUTE = 5;
const MAP_PRIVATE = 2;
const ATTEMPTS = 50;

/** The same moment on the processor's time stamp counter and on CLOCK_MONOTONIC. */
export interface TimestampMoment {
  readonly ticks: number;
  readonly nanoseconds: number;
}

/**
 * Reads the time stamp counter, which is one for all processes. JavaScript has no instruction for it, so a page of code
 * is mapped from a file.
 */
export function openTimestampCounter(): Promise<() => TimestampMoment> {
  opened ??= open();
  return opened;
}

/** The page stays: the counter can be read for as long as this process lives. */
let opened: Promise<() => TimestampMoment> | undefined;

async function open(): Promise<() => TimestampMoment> {
  const koffi: typeof Koffi = await import('koffi');
  const library = koffi.load(null);
  const map = library.func('mmap', 'void *', ['size_t', 'size_t', 'int', 'int', 'int', 'int64_t']);
  const folder = mkdtempSync(join(tmpdir(), 'mattock-'));
  try {
    const file = join(folder, 'rdtsc');
    const page = new Uint8Array(PAGE);
    page.set(READ_TIMESTAMP);
    writeFileSync(file, page);
    const descriptor = openSync(file, 'r');
    const address = map(0, PAGE, READ_EXECUTE, MAP_PRIVATE, descriptor, 0);
    closeSync(descriptor);
    const type = koffi.proto('uint64_t ReadTimestamp()');
    return () => tightest(() => Number(koffi.call(address, type)));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Of several attempts that one between whose two looks at the clock the least time went by. */
function tightest(read: () => number): TimestampMoment {
  let best: TimestampMoment | undefined;
  let shortest = Infinity;
  for (let i = 0; i < ATTEMPTS; i++) {
    const before = process.hrtime.bigint();
    const ticks = read();
    const width = Number(process.hrtime.bigint() - before);
    if (width >= shortest) continue;
    shortest = width;
    best = { ticks, nanoseconds: Number(before) + width / 2 };
  }
  return best!;
}
