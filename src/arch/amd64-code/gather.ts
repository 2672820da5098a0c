import type * as Iced from 'iced-x86';
import type { MachineState, MemoryAccess } from '../machine-code.ts';
import { asAddress } from './address.ts';
import type { OperandReader } from './operands.ts';
import { readRegister } from './register-part.ts';
import type { Accesses } from './touch.ts';

/**
 * Gathers and scatters: one access per element, base + index[i]*scale + displacement (Intel SDM vol. 2 §2.3.12). AVX2
 * masks by the top bits of a vector, which is applied; AVX-512's opmasks are not known, so all its elements count.
 * Nothing is known without the vectors.
 */
export function elementAccesses(iced: typeof Iced, reader: OperandReader, it: Iced.Instruction): Accesses {
  const { Mnemonic, MemorySizeExt, OpKind, Register, RegisterExt } = iced;
  const name = Mnemonic[it.mnemonic];
  if (/pf\d/.test(name)) return { before: () => [], behind: () => undefined };
  const size = MemorySizeExt.size(it.memorySize);
  const access: MemoryAccess['access'] = /scatter/i.test(name) ? 'write' : 'read';
  const data = it.op0Kind === OpKind.Register ? it.op0Register : it.op1Register;
  const mask = it.opMask === Register.None ? it.op2Register : Register.None;
  const indexSize = it.isVsib64 ? 8 : 4;
  const elements = Math.min(RegisterExt.size(it.memoryIndex) / indexSize, RegisterExt.size(data) / size);
  const basePart = reader.parts.get(it.memoryBase);
  const base = basePart === undefined ? () => 0n : readRegister(basePart);
  const bits = basePart?.bits === 32 ? 32 : 64;
  const scale = BigInt(it.memoryIndexScale);
  const displacement = BigInt.asIntN(64, it.memoryDisplacement);
  const segment = reader.segment(it.memorySegment);
  const indexNumber = RegisterExt.number(it.memoryIndex);
  const maskNumber = mask === Register.None ? undefined : RegisterExt.number(mask);

  const before = (state: MachineState): MemoryAccess[] => {
    const indexes = vector(state, indexNumber, elements * indexSize);
    const masks = maskNumber === undefined ? undefined : vector(state, maskNumber, elements * size);
    if (indexes === undefined) return [];
    const start = base(state) + displacement;
    const segmentBase = segment === undefined ? 0n : state.segmentBase(segment);
    const accesses: MemoryAccess[] = [];
    for (let i = 0; i < elements; i++) {
      if (masks !== undefined && masks.getInt8((i + 1) * size - 1) >= 0) continue;
      const index =
        indexSize === 8 ? indexes.getBigInt64(i * 8, true) : BigInt(indexes.getInt32(i * 4, true));
      const offset = BigInt.asUintN(bits, start + index * scale);
      const address = asAddress(BigInt.asUintN(64, offset + segmentBase));
      if (address !== undefined) accesses.push({ address, length: size, access });
    }
    return accesses;
  };
  // The mask is cleared as the elements are done, so afterwards there is none to go by.
  return { before, behind: () => access };
}

function vector(state: MachineState, number: number, length: number): DataView | undefined {
  const bytes = state.vector?.(number);
  if (bytes === undefined || bytes.length < length) return undefined;
  return new DataView(bytes.buffer, bytes.byteOffset, length);
}
