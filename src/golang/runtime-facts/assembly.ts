/**
 * What is assumed of the runtime's assembly, as the lines of Go's sources that say it; `npm run check:runtime` looks
 * for them. Who relies on each is said beside it.
 */
export const assemblyFacts: readonly {
  readonly file: string;
  readonly line: string;
  readonly since?: number;
  readonly until?: number;
}[] = [
  // stack/stack-switch.ts: cgocallback keeps g0's previous stack pointer at its own.
  { file: 'runtime/asm_amd64.s', line: 'NOTE: unwindm knows that the saved g->sched.sp is at 0(SP).' },
  { file: 'runtime/asm_arm64.s', line: 'NOTE: unwindm knows that the saved g->sched.sp is at 16(RSP)' },
  { file: 'runtime/cgocall.go', line: 'sched.sp + alignUp(sys.MinFrameSize, sys.StackAlign)' },
  // stack/walker.ts: systemstack and asmcgocall leave the goroutine in systemstack_switch, behind its prologue.
  { file: 'runtime/asm_amd64.s', line: '(g_sched+gobuf_pc)(R14)' },
  { file: 'runtime/asm_arm64.s', line: 'get past prologue' },
  // stack/crosscall.ts
  { file: 'runtime/cgo/abi_amd64.h', line: '#define REGS_HOST_TO_ABI0_STACK (6*8)' },
  { file: 'runtime/cgo/abi_amd64.h', line: 'MOVQ\tBP, (5*8)(SP)' },
  { file: 'runtime/cgo/abi_amd64.h', line: 'MOVQ\tR15, (4*8)(SP)' },
  { file: 'runtime/cgo/asm_arm64.s', line: 'SUB\t$(8*24), RSP' },
  { file: 'runtime/cgo/asm_arm64.s', line: 'SAVE_R19_TO_R28(8*4)' },
  { file: 'runtime/cgo/asm_arm64.s', line: 'STP\t(R29, R30), (8*22)(RSP)' },
  // stack/walker.ts, injectedCaller: on arm64 the handler stores LR at the new SP, 16 bytes down.
  { file: 'runtime/signal_arm64.go', line: 'sp := c.sp() - sys.StackAlign' },
  // defers/open-coded.ts
  { file: 'runtime/panic.go', line: 'slotsOffset, fd := readvarintUnsafe(fd)', since: 22 },
  { file: 'runtime/panic.go', line: 'closureOffset, fd = readvarintUnsafe(fd)', until: 21 },
];
