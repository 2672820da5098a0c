import { assertUnreachable, type RuntimeAddress, TargetFault, UserError } from '../base/index.ts';
import { dynamicValue } from '../golang/values/interfaces.ts';
import { OPTIMISED_OUT } from '../golang/values/place.ts';
import { underlying } from '../golang/values/shapes.ts';
import {
  dereference,
  indexValue,
  integerOf,
  NilDereference,
  partOf,
  sliceValue,
  sourceOf,
} from './access.ts';
import { binary, unary } from './binary.ts';
import { builtin } from './builtins.ts';
import { compile, type Names } from './compile.ts';
import { boolConstant, type Constant, intConstant } from './constant.ts';
import { convert } from './convert.ts';
import { identifier, isVariable, type Qualifier, qualified, variableInFrame } from './lookup.ts';
import { type Operation, type RuntimeName, taken } from './operations.ts';
import { packageOf, withPathHint } from './packages.ts';
import { parse } from './parser.ts';
import { constantValue, scalarOf, untypedConstant, writeInteger } from './scalar.ts';
import type { Scope } from './scope.ts';
import { HELD, select } from './select.ts';
import type { Node } from './syntax.ts';
import { pointerType, typeOfNode } from './type-names.ts';
import type { Value } from './value.ts';

/**
 * The value of an expression. Wrong text, names and types are UserErrors with the column they are about; memory
 * that the expression itself needs and that is not there is a TargetFault.
 */
export function evaluate(scope: Scope, text: string): Value {
  try {
    return evaluateNode(scope, parse(text), text);
  } catch (error) {
    throw withPathHint(scope.program, error, text);
  }
}

/** As `evaluate`, for an expression that was parsed before. */
export function evaluateNode(scope: Scope, node: Node, text: string): Value {
  return run(scope, compile(node, namesIn(scope, text)), text);
}

/** A function of the program that an expression calls. */
export interface CallRequest {
  readonly callee: Value;
  readonly arguments: readonly Value[];
  /** Of the callee and of each argument, as it was written. */
  readonly calleeText: string;
  readonly argumentTexts: readonly string[];
  /** Where these begin. */
  readonly column: number;
  readonly argumentColumns: readonly number[];
}

/** What a call gave: any number of values. */
export type CallAnswer = readonly { readonly name: string; readonly value: Value }[];

/** What an expression with calls in it gives: a value, or the results of the function that it calls last. */
export type Evaluation = { readonly value: Value } | { readonly results: CallAnswer };

/** As `evaluate`; asks for each call on the way. */
export function* evaluateWithCalls(
  scope: Scope,
  text: string,
): Generator<CallRequest, Evaluation, CallAnswer> {
  try {
    const node = parse(text);
    return yield* runAll(scope, compile(node, { ...namesIn(scope, text), calls: true }), text);
  } catch (error) {
    throw withPathHint(scope.program, error, text);
  }
}

function namesIn(scope: Scope, text: string): Names {
  const home = scope.frame?.function === undefined ? undefined : packageOf(scope.frame.function);
  return {
    type: (node) => typeOfNode(scope.program, node, home),
    isVariable: (name) => isVariable(scope, name),
    text: (node) => text.slice(node.from, node.to),
  };
}

function run(scope: Scope, operations: readonly Operation[], text: string): Value {
  const { value } = runAll(scope, operations, text).next();
  if (value === undefined || !('value' in value)) throw new Error('a call where none is allowed');
  return value.value;
}

function* runAll(
  scope: Scope,
  operations: readonly Operation[],
  text: string,
): Generator<CallRequest, Evaluation, CallAnswer> {
  const stack: Value[] = [];
  /** What made each value of the stack. */
  const nodes: Node[] = [];
  const machine = new Machine(scope, stack, text);
  for (let at = 0; at < operations.length; ) {
    const operation = operations[at]!;
    const first = stack.length - taken(operation);
    const operands = stack.slice(first);
    try {
      if (operation.do === 'call') {
        const results = yield callRequest(operation, operands, text);
        at++;
        if (results.length !== 1) {
          if (at === operations.length) return { results };
          throw new UserError(
            `${text.slice(operation.node.from, operation.node.to)} gives ${results.length} values`,
          );
        }
        if (at === operations.length) return { results };
        stack.splice(first, stack.length, results[0]!.value);
      } else at = machine.step(operation, at);
    } catch (error) {
      const about = operands.findIndex(isMissing);
      const inMemory = operands.findIndex(({ storage }) => storage.kind === 'memory');
      const subject = nodes[first + Math.max(0, about < 0 ? inMemory : about)] ?? subjectOf(operation);
      throw placed(error, operation.node, text.slice(subject.from, subject.to));
    }
    nodes.length = Math.min(first, stack.length);
    while (nodes.length < stack.length) nodes.push(operation.node);
  }
  return { value: stack[0]! };
}

function callRequest({ node }: Operation, [callee, ...values]: readonly Value[], text: string): CallRequest {
  const { function: calleeNode, arguments: nodes } = node as Extract<Node, { kind: 'call' }>;
  const textOf = ({ from, to }: Node): string => text.slice(from, to);
  return {
    callee: callee!,
    arguments: values,
    calleeText: textOf(calleeNode),
    argumentTexts: nodes.map(textOf),
    column: calleeNode.from,
    argumentColumns: nodes.map(({ from }) => from),
  };
}

const isMissing = ({ storage }: Value): boolean => storage.kind === 'none';

/** `a` of `a.b`, which is one operation. */
function subjectOf({ do: what, node }: Operation): Node {
  return what === 'qualified' && node.kind === 'selector' ? node.operand : node;
}

/** An error of an operation, with its column, and the name of what could not be read. */
function placed(error: unknown, node: Node, subject: string): unknown {
  if (error instanceof TargetFault) {
    const { message } = error;
    const missing = message === OPTIMISED_OUT;
    return new TargetFault(`${subject}${missing ? ' is ' : ': '}${message}`, undefined, error.remedy);
  }
  if (!(error instanceof UserError) || error.column !== undefined) return error;
  const message = error instanceof NilDereference ? `${subject} is nil: ${error.message}` : error.message;
  return new UserError(message, error.remedy, columnOf(node));
}

/** The place in the text that an error of an operation is about. */
export function columnOf(node: Node): number {
  switch (node.kind) {
    case 'binary':
      return node.operatorFrom;
    case 'selector':
      return node.nameFrom;
    case 'index':
      return node.indexes[0]!.from;
    case 'assertion':
      return node.type.from;
    default:
      return node.from;
  }
}

function qualifierOf({ first, quoted, node }: Extract<Operation, { do: 'qualified' }>): Qualifier {
  return { name: first, quoted, column: node.kind === 'selector' ? node.operand.from : node.from };
}

class Machine {
  readonly #scope: Scope;
  readonly #stack: Value[];
  readonly #text: string;

  constructor(scope: Scope, stack: Value[], text: string) {
    this.#scope = scope;
    this.#stack = stack;
    this.#text = text;
  }

  /** Runs one operation; the result is the index of the next. */
  step(operation: Exclude<Operation, { do: 'call' }>, at: number): number {
    if (operation.do === 'skip-if') {
      const value = this.#stack[this.#stack.length - 1]!;
      if (this.#bool(value) === operation.when) return operation.target;
      this.#pop();
      return at + 1;
    }
    this.#stack.push(this.#result(operation));
    return at + 1;
  }

  #result(operation: Exclude<Operation, { do: 'skip-if' | 'call' }>): Value {
    const scope = this.#scope;
    const { program } = scope;
    switch (operation.do) {
      case 'constant':
        return constantValue(operation.constant);
      case 'identifier':
        return identifier(scope, operation.name);
      case 'qualified':
        return qualified(scope, qualifierOf(operation), operation.name);
      case 'runtime':
        return this.#runtime(operation.name);
      case 'frame-variable':
        return variableInFrame(scope, operation.frame, operation.name);
      case 'select':
        return select(program, this.#pop(), operation.name);
      case 'assert':
        return this.#assert(operation, this.#pop());
      case 'dereference':
        return this.#dereference(operation.node, this.#pop());
      case 'address':
        return this.#address(operation.node, this.#pop());
      case 'unary':
        return unary(program, operation.operator, this.#pop());
      case 'binary': {
        const right = this.#pop();
        return binary(program, operation.operator, this.#pop(), right);
      }
      case 'bool':
        return constantValue(boolConstant(this.#bool(this.#pop())));
      case 'index': {
        const index = this.#pop();
        return indexValue(program, this.#pop(), index);
      }
      case 'slice': {
        const high = operation.high ? integerOf(program, this.#pop()) : undefined;
        const low = operation.low ? integerOf(program, this.#pop()) : undefined;
        return sliceValue(program, this.#pop(), low, high);
      }
      case 'convert':
        return convert(program, this.#pop(), operation.type);
      case 'builtin': {
        const values = this.#stack.splice(this.#stack.length - operation.count);
        return builtin(program, operation.name, values);
      }
      default:
        return assertUnreachable(operation);
    }
  }

  #pop(): Value {
    return this.#stack.pop()!;
  }

  #textOf(node: Node): string {
    return this.#text.slice(node.from, node.to);
  }

  #bool(value: Value): boolean {
    const constant: Constant | undefined = untypedConstant(value);
    const scalar = constant ?? scalarOf(this.#scope.program, value);
    if (scalar?.kind === 'bool') return scalar.value;
    throw new UserError(`a boolean is expected, not ${value.type.name || constant?.kind || 'nil'}`);
  }

  #dereference(node: Node, value: Value): Value {
    if (value.storage.kind !== 'nil' && underlying(value.type).kind !== 'pointer') {
      const operand = node.kind === 'star' ? this.#textOf(node.operand) : this.#textOf(node);
      const holds = underlying(value.type).kind === 'interface';
      throw new UserError(
        `${operand} (type ${value.type.name || 'constant'}) can not be dereferenced`,
        holds ? `\`${operand}.(data)\` is what it holds` : undefined,
      );
    }
    return dereference(this.#scope.program, value);
  }

  #address(node: Node, value: Value): Value {
    const operand = node.kind === 'unary' ? this.#textOf(node.operand) : this.#textOf(node);
    if (value.storage.kind !== 'memory') throw new UserError(`${operand} has no address`);
    const type = pointerType(this.#scope.program, value.type);
    return { type, storage: { kind: 'bytes', bytes: pointerBytes(value.storage.address) }, asAddress: true };
  }

  #assert(operation: Extract<Operation, { do: 'assert' }>, value: Value): Value {
    const { program } = this.#scope;
    const real = underlying(value.type);
    if (real.kind !== 'interface')
      throw new UserError(`${value.type.name || 'a constant'} is not an interface`);
    const wanted = operation.type?.name;
    const dynamic = dynamicValue(program, real, sourceOf(program, value), 0);
    if (dynamic === undefined) {
      throw new UserError(`interface conversion: ${value.type.name} is nil, not ${wanted ?? 'data'}`);
    }
    if (
      wanted !== undefined &&
      wanted !== dynamic.type.name &&
      underlying(operation.type!).kind !== 'interface'
    ) {
      throw new UserError(`interface conversion: ${value.type.name} is ${dynamic.type.name}, not ${wanted}`);
    }
    return { ...partOf(dynamic.source, dynamic.type, dynamic.offset), fixed: HELD };
  }

  #runtime(name: RuntimeName): Value {
    const { program, goroutine, thread, frame } = this.#scope;
    switch (name) {
      case 'curg': {
        const type = program.typeNamed('runtime.g');
        if (type === undefined) throw new UserError('the type runtime.g is not known: no debug information');
        // Where no goroutine runs, one of zeros: conditions on its goid stay valid.
        if (goroutine === undefined) {
          return { type, storage: { kind: 'bytes', bytes: new Uint8Array(type.size) } };
        }
        return { type, storage: { kind: 'memory', address: goroutine.address } };
      }
      case 'frameoff':
        if (frame === undefined || goroutine === undefined) throw new UserError('no frame is selected');
        return constantValue(intConstant(BigInt(frame.cfa - goroutine.stack.high)));
      case 'threadid':
        return constantValue(intConstant(BigInt(thread ?? 0)));
    }
  }
}

function pointerBytes(address: RuntimeAddress): Uint8Array {
  const bytes = new Uint8Array(8);
  writeInteger(bytes, BigInt(address));
  return bytes;
}
