import type { MemoryAccess } from '../machine-code.ts';
import { signed } from './address.ts';

/** What a load or store addresses by registers: base (31 is sp) + index, extended and shifted, + displacement. */
export interface MemoryOperand {
  readonly base: number;
  readonly index?: { readonly register: number; readonly option: number; readonly shift: number };
  readonly displacement: number;
  readonly length: number;
  readonly access: MemoryAccess['access'];
  /** So much is added to the base behind it. */
  readonly writeBack?: number;
  /** General registers that it loads. */
  readonly loaded: readonly number[];
  /** The address is that of the block of so many bytes that it is in. */
  readonly block?: number;
}

/** dc zva clears as much as DCZID_EL0 says, on all processors there are 64 bytes. */
const CLEARED = 64;
const DC_ZVA = { mask: 0xffffffe0, value: 0xd50b7420 } as const;

const field = (word: number, low: number, width: number): number => (word >>> low) & (2 ** width - 1);
const baseOf = (word: number): number => field(word, 5, 5);
const loadedInto = (word: number): number => field(word, 0, 5);

/**
 * Arm ARM, C4.1.95 "Loads and Stores". Not known: instructions for memory tags, authenticated loads (ldraa, ldrab), and those
 * that copy and fill memory by themselves (cpy…, set…), none of which Go makes.
 */
export function memoryOperand(word: number): MemoryOperand | undefined {
  if ((word & DC_ZVA.mask) >>> 0 === DC_ZVA.value)
    return {
      base: loadedInto(word),
      displacement: 0,
      length: CLEARED,
      access: 'write',
      loaded: [],
      block: CLEARED,
    };
  if ((word & 0x0a000000) !== 0x08000000) return undefined;
  const kind = field(word, 24, 6);
  if (kind === 0b001000) return exclusive(word);
  if (kind === 0b001100 || kind === 0b001101) return structures(word, kind === 0b001101);
  if (kind === 0b011001) return ordered(word);
  switch (field(word, 27, 3)) {
    case 0b101:
      return pair(word);
    case 0b111:
      return single(word);
    default:
      return undefined;
  }
}

/** ldxr, stxr, ldar, stlr, cas and their pairs. */
function exclusive(word: number): MemoryOperand {
  const size = field(word, 30, 2);
  const isLoad = field(word, 22, 1) === 1;
  const [o2, o1] = [field(word, 23, 1), field(word, 21, 1)];
  const common = { base: baseOf(word), displacement: 0 } as const;
  const [target, second, status] = [loadedInto(word), field(word, 10, 5), field(word, 16, 5)];
  if (o1 === 1 && o2 === 1) return { ...common, length: 1 << size, access: 'read-write', loaded: [status] };
  if (o1 === 1 && size < 2)
    return { ...common, length: 8 << size, access: 'read-write', loaded: [status, status + 1] };
  const length = (o1 === 1 ? 2 : 1) << size;
  if (isLoad) return { ...common, length, access: 'read', loaded: o1 === 1 ? [target, second] : [target] };
  // Whether a store-exclusive succeeded is in a register.
  return { ...common, length, access: 'write', loaded: o2 === 0 ? [status] : [] };
}

/** ldapur, stlur. */
function ordered(word: number): MemoryOperand | undefined {
  if (field(word, 21, 1) === 1 || field(word, 10, 2) !== 0) return undefined;
  const isStore = field(word, 22, 2) === 0;
  return {
    base: baseOf(word),
    displacement: signed(word, 12, 9),
    length: 1 << field(word, 30, 2),
    access: isStore ? 'write' : 'read',
    loaded: isStore ? [] : [loadedInto(word)],
  };
}

/** Registers of ld1 to ld4 and st1 to st4 (multiple structures), by opcode. */
const STRUCTURE_REGISTERS: Readonly<Record<number, number>> = {
  0: 4,
  2: 4,
  4: 3,
  6: 3,
  7: 1,
  8: 2,
  10: 2,
};

function structures(word: number, isSingle: boolean): MemoryOperand | undefined {
  const length = isSingle ? elementBytes(word) : structureBytes(word);
  if (length === undefined) return undefined;
  const index = field(word, 16, 5);
  const isPost = field(word, 23, 1) === 1;
  return {
    base: baseOf(word),
    displacement: 0,
    length,
    access: field(word, 22, 1) === 1 ? 'read' : 'write',
    loaded: [],
    // By a register: what was there is not known behind it.
    ...(isPost && (index === 31 ? { writeBack: length } : { loaded: [baseOf(word)] })),
  };
}

function structureBytes(word: number): number | undefined {
  const registers = STRUCTURE_REGISTERS[field(word, 12, 4)];
  return registers === undefined ? undefined : registers * (8 << field(word, 30, 1));
}

function elementBytes(word: number): number {
  const opcode = field(word, 13, 3);
  const elements = (((opcode & 1) << 1) | field(word, 21, 1)) + 1;
  const size = field(word, 10, 2);
  const scale = opcode >> 1;
  // 3 fills all elements with one; of 2 the size says whether it has 4 or 8 bytes.
  const bytes = scale === 3 ? 1 << size : scale === 2 ? 4 << (size & 1) : 1 << scale;
  return elements * bytes;
}

/** ldp, stp, ldpsw, ldnp, stnp. */
function pair(word: number): MemoryOperand | undefined {
  const option = field(word, 30, 2);
  const isVector = field(word, 26, 1) === 1;
  const isLoad = field(word, 22, 1) === 1;
  // stgp, whose distance counts in granules.
  if (option === 3 || (!isVector && option === 1 && !isLoad)) return undefined;
  const bytes = isVector ? 4 << option : option === 2 ? 8 : 4;
  const distance = signed(word, 15, 7) * bytes;
  const mode = field(word, 23, 2);
  return {
    base: baseOf(word),
    displacement: mode === 1 ? 0 : distance,
    length: 2 * bytes,
    access: isLoad ? 'read' : 'write',
    loaded: isLoad && !isVector ? [loadedInto(word), field(word, 10, 5)] : [],
    ...((mode === 1 || mode === 3) && { writeBack: distance }),
  };
}

/** ldr, str and their like of one register, and the atomic operations. */
function single(word: number): MemoryOperand | undefined {
  const isVector = field(word, 26, 1) === 1;
  const size = field(word, 30, 2);
  const option = field(word, 22, 2);
  const base = baseOf(word);
  const target = loadedInto(word);
  const isOffset = field(word, 24, 1) === 1;
  const mode = field(word, 10, 2);
  if (!isOffset && field(word, 21, 1) === 1 && mode !== 2)
    return mode === 0 && !isVector ? atomic(word) : undefined;
  // prfm reads nothing that anybody could notice.
  if (!isVector && size === 3 && option >= 2) return undefined;
  const scale = isVector ? ((option >> 1) << 2) | size : size;
  const isLoad = isVector ? (option & 1) === 1 : option !== 0;
  const common = {
    base,
    length: 1 << scale,
    access: isLoad ? ('read' as const) : ('write' as const),
    loaded: isLoad && !isVector ? [target] : [],
  };
  if (isOffset) return { ...common, displacement: field(word, 10, 12) * 2 ** scale };
  if (field(word, 21, 1) === 1) {
    const shift = field(word, 12, 1) === 1 ? scale : 0;
    return {
      ...common,
      displacement: 0,
      index: { register: field(word, 16, 5), option: field(word, 13, 3), shift },
    };
  }
  const distance = signed(word, 12, 9);
  return {
    ...common,
    displacement: mode === 1 ? 0 : distance,
    ...((mode === 1 || mode === 3) && { writeBack: distance }),
  };
}

/** ldadd, swp and their like; ldapr; ld64b and st64b. */
function atomic(word: number): MemoryOperand {
  const size = field(word, 30, 2);
  const target = loadedInto(word);
  const common = { base: baseOf(word), displacement: 0, length: 1 << size } as const;
  const isOther = field(word, 15, 1) === 1;
  const operation = field(word, 12, 3);
  if (isOther && operation === 0b100) return { ...common, access: 'read', loaded: [target] };
  if (isOther && operation !== 0) {
    const isLoad = operation === 0b101;
    return {
      ...common,
      length: 64,
      access: isLoad ? 'read' : 'write',
      loaded: isLoad ? eightFrom(target) : [],
    };
  }
  return { ...common, access: 'read-write', loaded: [target] };
}

const eightFrom = (first: number): number[] => Array.from({ length: 8 }, (_, i) => first + i);
