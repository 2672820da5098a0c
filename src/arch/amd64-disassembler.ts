import type * as Iced from 'iced-x86';
import { flowReader } from './amd64-flow.ts';
import { goText } from './amd64-go-syntax.ts';
import { nativeFormatters } from './amd64-native-syntax.ts';
import type { DisassembleOptions, Disassembler, Instruction } from './arch.ts';
import { loadIced } from './iced.ts';

/** iced-x86 decodes; Intel's and GNU's syntaxes are its own too, Go's is ours (amd64-go-syntax.ts). */
export async function loadAmd64Disassembler(): Promise<Disassembler> {
  return amd64Disassembler(await loadIced());
}

function amd64Disassembler(iced: typeof Iced): Disassembler {
  const flowOf = flowReader(iced);
  const go = goText(iced);
  let native: ReturnType<typeof nativeFormatters> | undefined;
  const current = new iced.Instruction();

  const printerFor = ({ flavour, symbolize }: DisassembleOptions): ((bytes: Uint8Array) => string) => {
    if (flavour === 'go') return (bytes) => go(current, bytes, symbolize);
    native ??= nativeFormatters(iced);
    const format = native[flavour];
    return (bytes) => format(current, bytes, symbolize);
  };

  return {
    disassemble(bytes, address, options) {
      const print = printerFor(options);
      const invalidText = options.flavour === 'go' ? '?' : '(bad)';
      const instructions: Instruction[] = [];
      const decoder = new iced.Decoder(64, bytes, iced.DecoderOptions.None);
      try {
        for (let at = 0; at < bytes.length; ) {
          decoder.position = at;
          decoder.ip = BigInt(address + at);
          decoder.decodeOut(current);
          const valid = !current.isInvalid;
          const length = valid ? current.length : 1;
          const own = bytes.subarray(at, at + length);
          instructions.push({
            address: address + at,
            length,
            bytes: own,
            text: valid ? print(own) : invalidText,
            flow: valid ? flowOf(current) : 'invalid',
            target: valid ? directTarget(iced, current) : undefined,
          });
          at += length;
        }
      } finally {
        decoder.free();
      }
      return instructions;
    },
  };
}

/** Where a direct branch goes. A 64-bit address that a number cannot hold is no address that anything could have. */
function directTarget({ OpKind }: typeof Iced, it: Iced.Instruction): number | undefined {
  if (it.opCount === 0) return undefined;
  const kind = it.op0Kind;
  if (kind !== OpKind.NearBranch64 && kind !== OpKind.NearBranch32) return undefined;
  const target = Number(it.nearBranchTarget);
  return Number.isSafeInteger(target) ? target : undefined;
}
