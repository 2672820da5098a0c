import type { DisassembleOptions, Disassembler, Instruction } from './arch.ts';
import { flowOf, isDirectBranch } from './arm64-flow.ts';
import { goText } from './arm64-go-syntax.ts';
import { type Capstone, type CapstoneFactory, CapstoneReader, type DecodedText } from './capstone.ts';
import { addressText } from './native-address.ts';

/** Capstone decodes; Go's syntax is ours (arm64-go-syntax.ts). */
export async function loadArm64Disassembler(): Promise<Disassembler> {
  // CommonJS without types: Node and esbuild show the factory under `default`.
  const module: { readonly default: CapstoneFactory } = await import('@alexaltea/capstone-js');
  return arm64Disassembler(await module.default());
}

function arm64Disassembler(capstone: Capstone): Disassembler {
  const reader = new CapstoneReader(capstone);
  return {
    disassemble(bytes, address, options) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const instructions: Instruction[] = [];
      for (let at = 0; at < bytes.length; at += 4) {
        const own = bytes.subarray(at, at + 4);
        const word = own.length === 4 ? view.getUint32(at, true) : undefined;
        instructions.push(disassembleOne(reader, own, word, address + at, options));
      }
      return instructions;
    },
  };
}

/** `word` is undefined for the rest of an instruction that the bytes cut off. */
function disassembleOne(
  reader: CapstoneReader,
  bytes: Uint8Array,
  word: number | undefined,
  address: number,
  options: DisassembleOptions,
): Instruction {
  const decoded = word === undefined ? undefined : reader.decode(word, address);
  const common = { address, length: bytes.length, bytes };
  if (word === undefined || decoded === undefined) {
    return { ...common, text: invalidText(word, options), flow: 'invalid', target: undefined };
  }
  const { flow, target } = flowOf(word, address);
  const text =
    options.flavour === 'go'
      ? goText({ word, address, ...decoded }, options.symbolize)
      : nativeText(word, decoded, options);
  return { ...common, text, flow, target };
}

/** What is no instruction: `?` in Go's syntax, objdump's directive in the other (arm64 has but one). */
function invalidText(word: number | undefined, { flavour }: DisassembleOptions): string {
  if (flavour === 'go') return '?';
  return word === undefined ? '(bad)' : `.inst 0x${word.toString(16).padStart(8, '0')} ; undefined`;
}

/** Capstone's text, with addresses as objdump writes them: `cbz x0, 11040 <main.main+0x10>`. */
function nativeText(
  word: number,
  { mnemonic, operands }: DecodedText,
  { symbolize }: DisassembleOptions,
): string {
  if (operands === '') return mnemonic;
  const named = hasAddress(word)
    ? operands.replace(/#(0x[0-9a-f]+|\d+)$/, (_, address) => addressText(Number(address), symbolize))
    : operands;
  return `${mnemonic} ${named}`;
}

/** Instructions whose last operand is an address relative to their own: branches, ADR and ADRP, literal loads. */
function hasAddress(word: number): boolean {
  return (word & 0x1f000000) === 0x10000000 || (word & 0x3b000000) === 0x18000000 || isDirectBranch(word);
}
