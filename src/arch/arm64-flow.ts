import type { FlowKind } from './arch.ts';

/** Arm ARM, C4.1.92 "Branches, Exception Generating and System instructions". */
export interface Flow {
  readonly flow: FlowKind;
  readonly target: number | undefined;
}

interface FlowRule {
  readonly mask: number;
  readonly value: number;
  readonly flow: FlowKind;
  /** Where the distance in words stands: lowest bit and width. */
  readonly distance?: readonly [bit: number, width: number];
}

const rules: readonly FlowRule[] = [
  { mask: 0xfc000000, value: 0x14000000, flow: 'jump', distance: [0, 26] }, // b
  { mask: 0xfc000000, value: 0x94000000, flow: 'call', distance: [0, 26] }, // bl
  { mask: 0xff000000, value: 0x54000000, flow: 'branch', distance: [5, 19] }, // b.cond, bc.cond
  { mask: 0x7e000000, value: 0x34000000, flow: 'branch', distance: [5, 19] }, // cbz, cbnz
  { mask: 0x7e000000, value: 0x36000000, flow: 'branch', distance: [5, 14] }, // tbz, tbnz
  { mask: 0xfee00000, value: 0xd6000000, flow: 'jump' }, // br, braa…
  { mask: 0xfee00000, value: 0xd6200000, flow: 'call' }, // blr, blraa…
  { mask: 0xfee00000, value: 0xd6400000, flow: 'return' }, // ret, retaa…
  { mask: 0xfee00000, value: 0xd6800000, flow: 'return' }, // eret…
  { mask: 0xffe0001c, value: 0xd4000000, flow: 'syscall' }, // svc, hvc, smc
  { mask: 0xff000000, value: 0xd4000000, flow: 'trap' }, // brk, hlt, dcps…
  { mask: 0xffff0000, value: 0x00000000, flow: 'trap' }, // udf
];

const next: Flow = { flow: 'next', target: undefined };

export function isDirectBranch(word: number): boolean {
  return ruleOf(word)?.distance !== undefined;
}

function ruleOf(word: number): FlowRule | undefined {
  return rules.find(({ mask, value }) => (word & mask) >>> 0 === value);
}

export function flowOf(word: number, address: number): Flow {
  const rule = ruleOf(word);
  if (rule === undefined) return next;
  const { flow, distance } = rule;
  if (distance === undefined) return { flow, target: undefined };
  const [bit, width] = distance;
  const unused = 32 - width;
  const words = ((word >>> bit) << unused) >> unused;
  return { flow, target: address + words * 4 };
}
