import type * as Iced from 'iced-x86';
import { flowReader } from '../amd64-flow.ts';
import { type IcedModule, loadIced } from '../iced.ts';
import type {
  DecodedInstruction,
  MachineCode,
  MachineState,
  MemoryAccess,
  WritableMachineState,
} from '../machine-code.ts';
import { memoryAccesses } from './accesses.ts';
import { type ControlFlow, controlFlows } from './control-flow.ts';
import { dataEffects } from './data-effect.ts';
import { effectReader } from './effects.ts';
import { operandReader } from './operands.ts';
import { outliner } from './outline.ts';
import { RIP } from './register-part.ts';
import { type Relocate, relocations } from './relocate.ts';
import type { Accesses } from './touch.ts';
import { absoluteJump, INT3 } from './trap.ts';

const LONGEST = 15;
/** An operand addressed by the instruction pointer is up to 2 GB away, of which the program needs some itself. */
const REACH = 2 ** 30;

/** iced-x86 decodes; what instructions do is ours. An instruction's effects are worked out when they are first asked for. */
export async function loadAmd64Code(): Promise<MachineCode> {
  const iced = await loadIced();
  const compiler = effectCompiler(iced);
  const flowOf = flowReader(iced);
  const current = new iced.Instruction();
  return {
    longest: LONGEST,
    trap: INT3,
    reach: REACH,
    jump: absoluteJump,
    outline: outliner(iced, flowOf),
    effects: effectReader(iced),
    decode(bytes, address) {
      const window = bytes.length > LONGEST ? bytes.subarray(0, LONGEST) : bytes;
      const decoder = new iced.Decoder(64, window, iced.DecoderOptions.None);
      try {
        decoder.ip = BigInt(address);
        decoder.decodeOut(current);
      } finally {
        decoder.free();
      }
      if (current.isInvalid) return undefined;
      // A copy that is ours: `slice` of Node's Buffer is none.
      const own = new Uint8Array(window.subarray(0, current.length));
      return new Amd64Instruction(address, own, flowOf(current), compiler);
    },
  };
}

type Flow = DecodedInstruction['flow'];

/** An instruction's effects as functions that do not need the decoder any more. */
interface EffectCompiler {
  control(bytes: Uint8Array, address: number, flow: Flow): ControlFlow;
  relocation(bytes: Uint8Array, address: number, flow: Flow): Relocate;
  accesses(bytes: Uint8Array, address: number): Accesses;
}

function effectCompiler(iced: IcedModule): EffectCompiler {
  const reader = operandReader(iced);
  const controlFlow = controlFlows(iced, reader);
  const dataEffect = dataEffects(iced, reader);
  const relocation = relocations(iced);
  const accesses = memoryAccesses(iced, reader);
  const current = new iced.Instruction();

  const decoded = <Result>(
    bytes: Uint8Array,
    address: number,
    use: (decoder: Iced.Decoder) => Result,
  ): Result => {
    const decoder = new iced.Decoder(64, bytes, iced.DecoderOptions.None);
    try {
      decoder.ip = BigInt(address);
      decoder.decodeOut(current);
      return use(decoder);
    } finally {
      decoder.free();
    }
  };

  return {
    control: (bytes, address, flow) =>
      decoded(bytes, address, () => {
        const next = address + bytes.length;
        if (flow !== 'next') return controlFlow(current, flow, next, bytes) ?? unknown(flow);
        const effect = dataEffect(current);
        return effect === undefined ? relocatable : falling(effect, BigInt(next));
      }),
    relocation: (bytes, address, flow) =>
      decoded(bytes, address, (decoder) => {
        const offsets = decoder.getConstantOffsets(current);
        try {
          return relocation(current, flow, bytes, offsets.displacementOffset);
        } finally {
          offsets.free();
        }
      }),
    accesses: (bytes, address) => decoded(bytes, address, () => accesses(current)),
  };
}

const nowhere = () => undefined;
const no = () => false;
const yes = () => true;

const relocatable: ControlFlow = { target: nowhere, taken: no, emulate: no };

/** Control flow whose way is not ours to say. */
function unknown(flow: Flow): ControlFlow {
  const leaves = flow === 'call' || flow === 'jump' || flow === 'return';
  return { target: nowhere, taken: leaves ? yes : no, emulate: no };
}

function falling(effect: (state: WritableMachineState) => boolean, next: bigint): ControlFlow {
  return {
    target: nowhere,
    taken: no,
    emulate(state) {
      if (!effect(state)) return false;
      state.setRegister(RIP, next);
      return true;
    },
  };
}

class Amd64Instruction implements DecodedInstruction {
  readonly address: number;
  readonly length: number;
  readonly flow: Flow;
  readonly #bytes: Uint8Array;
  readonly #compiler: EffectCompiler;
  #control: ControlFlow | undefined;
  #relocate: Relocate | undefined;
  #accesses: Accesses | undefined;

  constructor(address: number, bytes: Uint8Array, flow: Flow, compiler: EffectCompiler) {
    this.address = address;
    this.length = bytes.length;
    this.flow = flow;
    this.#bytes = bytes;
    this.#compiler = compiler;
  }

  get #effect(): ControlFlow {
    this.#control ??= this.#compiler.control(this.#bytes, this.address, this.flow);
    return this.#control;
  }

  target(state: MachineState): number | undefined {
    return this.#effect.target(state);
  }

  taken(state: MachineState): boolean {
    return this.#effect.taken(state);
  }

  emulate(state: WritableMachineState): boolean {
    return this.#effect.emulate(state);
  }

  relocate(elsewhere: number): Uint8Array | undefined {
    this.#relocate ??= this.#compiler.relocation(this.#bytes, this.address, this.flow);
    return this.#relocate(elsewhere);
  }

  accesses(state: MachineState): readonly MemoryAccess[] {
    return this.#memory.before(state);
  }

  accessTo(address: number, length: number, after: MachineState): MemoryAccess['access'] | undefined {
    return this.#memory.behind(address, length, after);
  }

  get #memory(): Accesses {
    this.#accesses ??= this.#compiler.accesses(this.#bytes, this.address);
    return this.#accesses;
  }
}
