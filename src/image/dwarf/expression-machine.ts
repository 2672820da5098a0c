import { BINARY, UNARY } from './expression-arithmetic.ts';
import type { ExpressionContext, Piece } from './expression-context.ts';
import { decodeOperation, littleEndian, type Operation } from './expression-decoder.ts';
import { OP } from './expression-operands.ts';

/** Branches may loop: this ends every expression. */
const MAX_STEPS = 10_000;
const MAX_STACK = 256;
const MAX_CALLS = 16;
const WORD = 8;

/** Where the part under way is, if an operation has said it. */
type Described =
  | { readonly kind: 'register'; readonly register: number }
  | { readonly kind: 'value'; readonly bytes: Uint8Array };

/** Thrown inside, to the nearest end of a piece: why that piece cannot be known. */
class Unknown {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

/** The stack machine of DWARF 5 §2.5.1; every stack entry is an unsigned 64-bit number. */
export class ExpressionMachine {
  readonly #context: ExpressionContext;
  readonly #stack: bigint[] = [];
  readonly #pieces: Piece[] = [];
  #described: Described | undefined;
  /** Why the piece under way is missing. Until it ends, operations are only skipped. */
  #missing: string | undefined;
  #steps = 0;
  #calls = 0;

  constructor(context: ExpressionContext) {
    this.#context = context;
  }

  location(expression: Uint8Array, initial?: number): Piece[] {
    if (initial !== undefined) this.#stack.push(BigInt(initial));
    this.#run(expression);
    if (this.#pieces.length === 0) this.#pieces.push(this.#piece(undefined));
    return this.#pieces;
  }

  #run(expression: Uint8Array): void {
    let at = 0;
    while (at < expression.length) {
      const operation = decodeOperation(expression, at, this.#context.unit?.offsetSize);
      if (operation === undefined) {
        this.#missing ??= `the operation 0x${expression[at]!.toString(16)} of its location is not known or cut off`;
        return;
      }
      at = operation.next;
      try {
        if (++this.#steps > MAX_STEPS) throw new Unknown('its location goes in a circle');
        at += this.#step(operation);
        if (at < 0) throw new Unknown('its location jumps out of itself');
      } catch (reason) {
        if (!(reason instanceof Unknown)) throw reason;
        this.#missing = reason.reason;
        if (this.#steps > MAX_STEPS || at < 0) return;
      }
    }
  }

  /** Does one operation; returns how far to jump from the next one. */
  #step(operation: Operation): number {
    const { opcode } = operation;
    if (opcode === OP.piece || opcode === OP.bitPiece) this.#endPiece(operation);
    else if (this.#missing !== undefined) return 0;
    else if (opcode === OP.branch || opcode === OP.skip) {
      return opcode === OP.skip || this.#pop() !== 0n ? Number(operation.operands[0]) : 0;
    } else if (BINARY[opcode] !== undefined) this.#binary(BINARY[opcode]);
    else if (UNARY[opcode] !== undefined) this.#push(UNARY[opcode](this.#pop()));
    else if (opcode >= OP.lit0 && opcode < OP.reg0) this.#push(BigInt(opcode - OP.lit0));
    else if (opcode >= OP.reg0 && opcode < OP.breg0) this.#inRegister(opcode - OP.reg0);
    else if (opcode >= OP.breg0 && opcode < OP.regx) {
      this.#push(this.#register(opcode - OP.breg0) + (operation.operands[0] as bigint));
    } else if (opcode >= OP.const1u && opcode <= OP.consts) this.#push(operation.operands[0] as bigint);
    else this.#other(opcode, operation.operands);
    return 0;
  }

  #other(opcode: number, operands: Operation['operands']): void {
    const number = operands[0] as bigint;
    switch (opcode) {
      case OP.nop:
        return;
      case OP.addr:
        this.#push(BigInt(this.#context.toRuntime(Number(number))));
        return;
      case OP.plusUconst:
        this.#push(this.#pop() + number);
        return;
      case OP.regx:
        this.#inRegister(Number(number));
        return;
      case OP.bregx:
        this.#push(this.#register(Number(number)) + (operands[1] as bigint));
        return;
      case OP.fbreg:
        this.#push(this.#known(this.#context.frameBase(), 'the frame base is not known') + number);
        return;
      case OP.callFrameCfa:
        this.#push(this.#known(this.#context.cfa(), 'the frame address is not known'));
        return;
      case OP.deref:
        this.#push(this.#read(WORD));
        return;
      case OP.derefSize:
        this.#push(this.#read(Number(number)));
        return;
      case OP.implicitValue:
        this.#described = { kind: 'value', bytes: operands[0] as Uint8Array };
        return;
      case OP.stackValue:
        this.#described = { kind: 'value', bytes: wordBytes(this.#pop()) };
        return;
      case OP.entryValue:
        this.#push(
          this.#known(
            this.#context.entryValue?.(operands[0] as Uint8Array),
            'only its value at entry is known',
          ),
        );
        return;
      case OP.formTlsAddress:
        this.#push(this.#known(this.#context.threadLocal?.(this.#pop()), 'it is thread-local'));
        return;
      case OP.implicitPointer:
        throw new Unknown('it points to something that was optimised out');
      default:
        if (this.#arrange(opcode, operands)) return;
        this.#fromUnit(opcode, operands);
    }
  }

  /** Operations that move stack entries; false if this is none. */
  #arrange(opcode: number, operands: Operation['operands']): boolean {
    const stack = this.#stack;
    switch (opcode) {
      case OP.dup:
        this.#push(this.#peek(0));
        return true;
      case OP.drop:
        this.#pop();
        return true;
      case OP.over:
        this.#push(this.#peek(1));
        return true;
      case OP.pick:
        this.#push(this.#peek(Number(operands[0])));
        return true;
      case OP.swap:
        this.#peek(1);
        stack.push(...stack.splice(-2, 1));
        return true;
      case OP.rot:
        // The top becomes the third, the second the top.
        this.#peek(2);
        stack.splice(-2, 0, stack.pop()!);
        return true;
      default:
        return false;
    }
  }

  /** Operations that refer to addresses, types and procedures of their unit. */
  #fromUnit(opcode: number, operands: Operation['operands']): void {
    const { unit } = this.#context;
    const index = typeof operands[0] === 'bigint' ? Number(operands[0]) : 0;
    switch (opcode) {
      case OP.addrx: {
        const linked = Number(this.#known(unit?.indexedAddress(index), 'its address is in .debug_addr'));
        this.#push(BigInt(this.#context.toRuntime(linked)));
        return;
      }
      case OP.constx:
        this.#push(this.#known(unit?.indexedAddress(index), 'its value is in .debug_addr'));
        return;
      case OP.call2:
      case OP.call4:
      case OP.callRef:
        this.#call(index, opcode !== OP.callRef);
        return;
      case OP.constType:
        this.#pushTyped(index, littleEndian((operands[1] as Uint8Array).subarray(0, WORD)));
        return;
      case OP.regvalType:
        this.#pushTyped(Number(operands[1]), this.#register(index));
        return;
      case OP.derefType:
        this.#pushTyped(Number(operands[1]), this.#read(index));
        return;
      case OP.convert:
      case OP.reinterpret:
        // Type 0 is the generic one, an address-sized integer: entries are kept as such.
        if (index !== 0) this.#pushTyped(index, this.#pop());
        return;
      default:
        throw new Unknown(`its location uses the operation 0x${opcode.toString(16)}, which is not supported`);
    }
  }

  #call(offset: number, inUnit: boolean): void {
    const expression = this.#context.unit?.procedure(offset, inUnit);
    if (expression === undefined) throw new Unknown('its location calls another, which is not there');
    if (++this.#calls > MAX_CALLS) throw new Unknown('locations call each other in a circle');
    this.#run(expression);
  }

  /** Keeps the bits that a base type has, extended as it says. */
  #pushTyped(type: number, value: bigint): void {
    const base = this.#context.unit?.baseType(type);
    if (base === undefined || base.size > WORD)
      throw new Unknown('its location computes with a type that is not supported');
    const bits = base.size * WORD;
    this.#push(base.signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value));
  }

  #inRegister(register: number): void {
    this.#described = { kind: 'register', register };
  }

  #binary(operation: (second: bigint, top: bigint) => bigint | undefined): void {
    const top = this.#pop();
    const result = operation(this.#pop(), top);
    if (result === undefined) throw new Unknown('its location divides by zero');
    this.#push(result);
  }

  #register(dwarf: number): bigint {
    return this.#known(this.#context.register(dwarf), `register ${dwarf} is not known here`);
  }

  /** Reads `size` bytes at the address on the stack. */
  #read(size: number): bigint {
    const address = Number(this.#pop());
    const bytes = size <= WORD ? this.#context.read(address, size) : undefined;
    if (bytes === undefined) throw new Unknown(`memory at 0x${address.toString(16)} cannot be read`);
    return littleEndian(bytes);
  }

  #known(value: number | bigint | undefined, reason: string): bigint {
    if (value === undefined) throw new Unknown(reason);
    return BigInt(value);
  }

  #push(value: bigint): void {
    if (this.#stack.length >= MAX_STACK) throw new Unknown('its location needs too much stack');
    this.#stack.push(BigInt.asUintN(64, value));
  }

  #pop(): bigint {
    const value = this.#stack.pop();
    if (value === undefined) throw new Unknown('its location takes from an empty stack');
    return value;
  }

  /** The entry `depth` below the top. */
  #peek(depth: number): bigint {
    const value = this.#stack[this.#stack.length - 1 - depth];
    if (value === undefined) throw new Unknown('its location takes from an empty stack');
    return value;
  }

  #endPiece(operation: Operation): void {
    const [first, second] = operation.operands as bigint[];
    const isBits = operation.opcode === OP.bitPiece;
    const size = Number(isBits ? first! / 8n : first!);
    if (isBits && (first! % 8n !== 0n || second !== 0n)) this.#missing ??= 'it is made of single bits';
    this.#pieces.push(this.#piece(size));
    this.#described = undefined;
    this.#missing = undefined;
  }

  /** The part that was described since the last one ended. */
  #piece(size: number | undefined): Piece {
    if (this.#missing !== undefined) return { kind: 'missing', size, reason: this.#missing };
    if (this.#described?.kind === 'register') return { ...this.#described, size };
    if (this.#described?.kind === 'value') {
      const { bytes } = this.#described;
      return { kind: 'value', bytes: size === undefined ? bytes : bytes.subarray(0, size), size };
    }
    const address = this.#stack.pop();
    if (address === undefined) return { kind: 'missing', size, reason: 'optimised out' };
    return { kind: 'memory', address: Number(address), size };
  }
}

function wordBytes(value: bigint): Uint8Array {
  const bytes = new Uint8Array(WORD);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return bytes;
}
