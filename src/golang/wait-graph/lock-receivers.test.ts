import { describe, expect, it } from 'vitest';
import { lockingPlaces, receiverAt } from './lock-receivers.ts';

const bytes = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/\S\S/g)!, (byte) => Number.parseInt(byte, 16));
const ENTRY = 0x1000;
/** Of the last place of a piece of code. */
function receiver(hex: string, field = 0): ReturnType<typeof receiverAt> {
  const code = bytes(hex);
  return receiverAt(code, ENTRY, [...lockingPlaces(code)].at(-1)!, field);
}

// As `go tool objdump` shows code of Go 1.22 and 1.26.
describe('the receiver of a lock', () => {
  it('is a package variable', () => {
    // LEAQ main.a(SB), CX; MOVL $1, DX; LOCK CMPXCHGL DX, 0(CX)
    expect(receiver('488d0d00020000 ba01000000 f00fb111')).toEqual({
      kind: 'static',
      address: ENTRY + 7 + 0x200,
    });
    // LEAQ main.a(SB), AX; CALL
    expect(receiver('488d0500020000 e800000000')).toEqual({ kind: 'static', address: ENTRY + 7 + 0x200 });
    // LOCK XADDL DX, main.a+16(SB): RWMutex.RLock
    expect(receiver('f00fc11500020000', 16)).toEqual({ kind: 'static', address: ENTRY + 8 + 0x200 - 16 });
  });

  it('is behind a package variable that points to it', () => {
    // MOVQ main.p(SB), CX; LOCK CMPXCHGL DX, 8(CX)
    expect(receiver('488b0d00020000 f00fb15108')).toEqual({
      kind: 'pointer',
      at: ENTRY + 7 + 0x200,
      offset: 8,
    });
  });

  it('is behind a pointer', () => {
    // MOVQ AX, DX; XORL AX, AX; LOCK CMPXCHGL SI, 0(DX)
    expect(receiver('4889c2 31c0 f00fb132')).toEqual({ kind: 'offset', offset: 0 });
    // LOCK CMPXCHGL SI, 0x10(R8)
    expect(receiver('f0410fb17010')).toEqual({ kind: 'offset', offset: 16 });
    // MOVQ DX, AX; CALL
    expect(receiver('4889d0 e800000000')).toEqual({ kind: 'offset', offset: 0 });
    // LEAQ 0x20(DX), AX; CALL
    expect(receiver('488d4220 e800000000')).toEqual({ kind: 'offset', offset: 32 });
  });

  it('is behind a pointer on the stack', () => {
    // MOVQ 0x28(SP), CX; MOVL $1, DX; LOCK CMPXCHGL DX, 8(CX)
    expect(receiver('488b4c2428 ba01000000 f00fb15108')).toEqual({ kind: 'slot', at: 0x28, offset: 8 });
    // MOVQ 0x38(SP), AX; TESTB AL, 0(AX); ADDQ $8, AX; MOVQ AX, 0x18(SP); CALL
    expect(receiver('488b442438 8400 4883c008 4889442418 e800000000')).toEqual({
      kind: 'slot',
      at: 0x18,
      offset: 0,
    });
    // MOVQ main.shared(SB), CX; TESTB AL, 0(CX); ADDQ $8, CX; MOVQ CX, AX; CALL
    expect(receiver('488b0d00020000 8401 4883c108 4889c8 e800000000')).toEqual({
      kind: 'pointer',
      at: ENTRY + 7 + 0x200,
      offset: 8,
    });
    // MOVQ 0x38(SP), AX; ADDQ $8, AX; CALL
    expect(receiver('488b442438 4883c008 e800000000')).toEqual({ kind: 'slot', at: 0x38, offset: 8 });
    // MOVQ 0x38(SP), AX; CALL
    expect(receiver('488b442438 e800000000')).toEqual({ kind: 'slot', at: 0x38, offset: 0 });
  });

  it('is not made up', () => {
    // LOCK CMPXCHGL DX, 0(CX)(DX*8); a call without anything in front; code that is cut off.
    expect(receiver('f00fb114d1')).toBeUndefined();
    expect(receiver('e800000000')).toEqual({ kind: 'offset', offset: 0 });
    // LEAQ main.a(SB), R9; LOCK CMPXCHGL DX, 0(CX)
    expect(receiver('4c8d0d00020000 f00fb111')).toEqual({ kind: 'offset', offset: 0 });
    expect(receiver('f00fb1')).toBeUndefined();
  });
});
