import type { DisassembleOptions, Disassembler, Instruction } from './arch.ts';
import { flowOf } from './arm64-flow.ts';
import { goText } from './arm64-go-syntax.ts';
import { type Capstone, type CapstoneFactory, CapstoneReader } from './capstone.ts';
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
      : nativeText(decoded.mnemonic, decoded.operands, target, options);
  return { ...common, text, flow, target };
}

/** What is no instruction: `?` in Go's syntax, objdump's directive in the other (arm64 has but one). */
function invalidText(word: number | undefined, { flavour }: DisassembleOptions): string {
  if (flavour === 'go') return '?';
  return word === undefined ? '(bad)' : `.inst 0x${word.toString(16).padStart(8, '0')} ; undefined`;
}

/** Capstone's text with the target as objdump writes it: `cbz x0, 11040 <main.main+0x10>`. */
function nativeText(
  mnemonic: string,
  operands: string,
  target: number | undefined,
  { symbolize }: DisassembleOptions,
): string {
  if (target === undefined) return operands === '' ? mnemonic : `${mnemonic} ${operands}`;
  return `${mnemonic} ${operands.replace(/#0x[0-9a-f]+$/, addressText(target, symbolize))}`;
}
