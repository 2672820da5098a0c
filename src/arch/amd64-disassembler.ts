import type * as Iced from 'iced-x86';
import { goText } from './amd64-go-syntax.ts';
import { nativeFormatters } from './amd64-native-syntax.ts';
import type { DisassembleOptions, Disassembler, FlowKind, Instruction } from './arch.ts';

/** iced-x86 decodes; Intel's and GNU's syntaxes are its own too, Go's is ours (amd64-go-syntax.ts). */
export async function loadAmd64Disassembler(): Promise<Disassembler> {
  // CommonJS: Node shows its exports under `default`, bundlers may not.
  const module = (await import('iced-x86')) as typeof Iced & { readonly default?: typeof Iced };
  return amd64Disassembler(module.default ?? module);
}

function amd64Disassembler(iced: typeof Iced): Disassembler {
  const flows = flowTable(iced);
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
            flow: valid ? flowOf(iced, flows, current) : 'invalid',
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

function flowTable({ FlowControl }: typeof Iced): ReadonlyMap<Iced.FlowControl, FlowKind> {
  return new Map<Iced.FlowControl, FlowKind>([
    [FlowControl.Next, 'next'],
    [FlowControl.UnconditionalBranch, 'jump'],
    [FlowControl.IndirectBranch, 'jump'],
    [FlowControl.ConditionalBranch, 'branch'],
    [FlowControl.Return, 'return'],
    [FlowControl.Call, 'call'],
    [FlowControl.IndirectCall, 'call'],
    [FlowControl.Interrupt, 'trap'],
    [FlowControl.Exception, 'trap'],
    [FlowControl.XbeginXabortXend, 'next'],
  ]);
}

function flowOf(
  iced: typeof Iced,
  flows: ReadonlyMap<Iced.FlowControl, FlowKind>,
  it: Iced.Instruction,
): FlowKind {
  const { Mnemonic } = iced;
  switch (it.mnemonic) {
    case Mnemonic.Syscall:
    case Mnemonic.Sysenter:
      return 'syscall';
    case Mnemonic.Int:
      // Linux' 32-bit system calls.
      return it.immediate8 === 0x80 ? 'syscall' : 'trap';
    case Mnemonic.Hlt:
      return 'trap';
    case Mnemonic.Xbegin:
      return 'branch';
    default:
      return flows.get(it.flowControl) ?? 'next';
  }
}

/** Where a direct branch goes. A 64-bit address that a number cannot hold is no address that anything could have. */
function directTarget({ OpKind }: typeof Iced, it: Iced.Instruction): number | undefined {
  if (it.opCount === 0) return undefined;
  const kind = it.op0Kind;
  if (kind !== OpKind.NearBranch64 && kind !== OpKind.NearBranch32) return undefined;
  const target = Number(it.nearBranchTarget);
  return Number.isSafeInteger(target) ? target : undefined;
}
