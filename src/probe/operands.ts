/** A general register by its number in machine code. */
export type Register = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14 | 15;

export const RAX = 0;
export const RCX = 1;
export const RDX = 2;
export const RBX = 3;
export const RSP = 4;
export const RBP = 5;
export const RSI = 6;
export const RDI = 7;
export const R8 = 8;
export const R9 = 9;
export const R10 = 10;
export const R11 = 11;
export const R12 = 12;
export const R13 = 13;
export const R14 = 14;
export const R15 = 15;

/** Memory beside what a register points to, or at a fixed address within 2 GB of the code (relative to rip). */
export type Memory = { readonly base: Register; readonly offset: number } | { readonly at: number };

/** base + index * scale + displacement. */
export interface IndexedMemory {
  readonly base: Register;
  readonly index: Register | undefined;
  readonly scale: number;
  readonly displacement: number;
}

export const beside = (base: Register, offset = 0): Memory => ({ base, offset });
export const isRegister = (operand: Register | object): operand is Register => typeof operand === 'number';
