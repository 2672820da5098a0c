import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from '../../../../test/support/project.ts';
import { hasProgram, run } from '../../../../test/support/tools.ts';

/** The real CPU, by a C program that executes one instruction at a time: cpu.c has the layouts. */

/** Where instructions may be put, and the one page of memory that there is. */
export const CODE = 0x1000_0000;
export const CODE_SIZE = 0x20_0000;
export const DATA = 0x1040_0000;
export const PAGE = 4096;
/** What cpu.c sets the base of gs to. */
export const GS_BASE = DATA + PAGE / 2;

export const SIGTRAP = 5;
export const SIGSEGV = 11;

/** By DWARF number, but for rflags, which is the last one here. */
export const REGISTERS = 18;
const CHANGED = 64;
export const VECTORS = 256;
const REQUEST_SIZE = REGISTERS * 8 + 16;
const RESPONSE_SIZE = (REGISTERS + 4) * 8 + CHANGED + VECTORS;

export interface Memory {
  readonly page: Uint8Array;
  readonly vectors: Uint8Array;
}

export interface Execution {
  /** General registers, rip, where the code is, and rflags. */
  readonly registers: BigUint64Array;
  readonly code: Uint8Array;
  /** The page cannot be accessed. */
  readonly forbid?: boolean;
}

export interface Executed {
  readonly registers: BigUint64Array;
  /** SIGTRAP: it was executed. */
  readonly signal: number;
  readonly faultAddress: number;
  /** A page fault of a write: Intel SDM vol. 3 §4.7, bit 1 of the error code. */
  readonly faultWrites: boolean;
  /** The page afterwards, from the first byte on that is another one. */
  readonly changed: { readonly offset: number; readonly bytes: Uint8Array };
  readonly vectors: Uint8Array;
}

export function missingForCpu(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'this is not linux on amd64';
  return hasProgram('gcc') ? undefined : 'gcc is not installed';
}

/** Executes each for itself, with the page and the vectors xmm0 to xmm15 as given. */
export function execute({ page, vectors }: Memory, executions: readonly Execution[]): Executed[] {
  const input = Buffer.alloc(PAGE + VECTORS + executions.length * REQUEST_SIZE);
  input.set(page);
  input.set(vectors, PAGE);
  executions.forEach(({ registers, code, forbid }, i) => {
    const at = PAGE + VECTORS + i * REQUEST_SIZE;
    registers.forEach((value, r) => {
      input.writeBigUInt64LE(value, at + r * 8);
    });
    input.set(code, at + REGISTERS * 8);
    input[at + REGISTERS * 8 + 15] = forbid ? 1 : 0;
  });
  const output = execFileSync(builtCpu(), { input, maxBuffer: executions.length * RESPONSE_SIZE + 1 });
  if (output.length !== executions.length * RESPONSE_SIZE) throw new Error('cpu.c answered too little');
  return executions.map((_, i) => readResponse(output.subarray(i * RESPONSE_SIZE, (i + 1) * RESPONSE_SIZE)));
}

function readResponse(bytes: Buffer): Executed {
  const word = (i: number) => bytes.readBigUInt64LE(i * 8);
  const changed = (REGISTERS + 4) * 8;
  return {
    registers: BigUint64Array.from({ length: REGISTERS }, (_, i) => word(i)),
    signal: Number(word(REGISTERS)),
    faultAddress: Number(word(REGISTERS + 1)),
    faultWrites: (word(REGISTERS + 2) & 2n) !== 0n,
    changed: {
      offset: Number(word(REGISTERS + 3)),
      bytes: Uint8Array.from(bytes.subarray(changed, changed + CHANGED)),
    },
    vectors: Uint8Array.from(bytes.subarray(changed + CHANGED)),
  };
}

function builtCpu(): string {
  const source = fileURLToPath(new URL('./cpu.c', import.meta.url));
  const hash = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 16);
  const executable = path.join(cacheFolder, 'go-build', `cpu-${hash}`);
  if (existsSync(executable)) return executable;
  mkdirSync(path.dirname(executable), { recursive: true });
  const unfinished = `${executable}.${process.pid}.tmp`;
  run('gcc', ['-O1', '-o', unfinished, source]);
  renameSync(unfinished, executable);
  return executable;
}
