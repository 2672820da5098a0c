import { type RuntimeAddress, UserError } from '../../base/index.ts';
import { dereference, sourceOf } from '../../expr/access.ts';
import { functionNamed } from '../../expr/functions.ts';
import {
  type CallAnswer,
  type CallRequest,
  type Materialized,
  materialize,
  type Value,
} from '../../expr/index.ts';
import { INT, pointerTo, UINT64 } from '../../expr/synthetic-types.ts';
import { assignCall } from '../../golang/calls/abi-internal.ts';
import type { Program } from '../../golang/index.ts';
import { underlying } from '../../golang/values/shapes.ts';
import type { Type } from '../../image/index.ts';
import type { LiveTarget } from '../../target/index.ts';
import { type CallOrder, type CallWork, fitsFrame, frameSizeOf } from './call-order.ts';
import { type Callee, signatureAt } from './signature.ts';
import { pointsInto } from './stack-pointers.ts';

export interface CallSetting {
  readonly target: LiveTarget;
  readonly program: Program;
  /** Of the goroutine that the call is for: pointers into it must not get out. Undefined: they may. */
  readonly stack: { readonly low: number; readonly high: number } | undefined;
}

/** A call as the expression says it, made ready: its arguments become bytes, for which objects may be allocated. */
export function* prepareCall(setting: CallSetting, request: CallRequest): CallWork<CallOrder> {
  const { program } = setting;
  const { callee, receiver, closure } = calleeOf(program, request);
  const values = receiver === undefined ? request.arguments : [receiver, ...request.arguments];
  const texts =
    receiver === undefined ? request.argumentTexts : [request.calleeText, ...request.argumentTexts];
  const columns =
    receiver === undefined ? request.argumentColumns : [request.column, ...request.argumentColumns];
  const { parameters, results } = callee;
  if (values.length !== parameters.length) {
    const wanted = parameters.length - (receiver === undefined ? 0 : 1);
    const found = request.arguments.length;
    const variadic = underlying(parameters.at(-1)?.type ?? INT).kind === 'slice';
    throw new UserError(
      `${found < wanted ? 'not enough' : 'too many'} arguments for ${request.calleeText}: it takes ${wanted}, not ${found}`,
      variadic ? 'variadic arguments are given as one slice, or nil' : undefined,
      request.column,
    );
  }
  const bytes: Uint8Array[] = [];
  for (const [i, { type }] of parameters.entries()) {
    const made = yield* withObjects(setting, materializeArgument(program, values[i]!, type, columns[i]!));
    if (setting.stack !== undefined && pointsInto(type, made, setting.stack)) {
      throw new UserError(
        `${texts[i]} points into the goroutine's stack, which may move while ${callee.name} keeps the pointer`,
        '`call -unsafe` passes it nevertheless',
        columns[i],
      );
    }
    bytes.push(made);
  }
  const types = { parameters: parameters.map(({ type }) => type), results: results.map(({ type }) => type) };
  const places = assignCall(program.target.arch.name, types, callee.assembly);
  const frameSize = frameSizeOf(places, types);
  if (!fitsFrame(frameSize)) throw new UserError(`the arguments and results of ${callee.name} are too large`);
  return { name: callee.name, entry: callee.entry, closure, places, arguments: bytes, results, frameSize };
}

function* materializeArgument(program: Program, value: Value, type: Type, column: number): Materialized {
  try {
    return yield* materialize(program, value, type);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(error.message, error.remedy, error.column ?? column);
  }
}

/** Makes the objects that a value asks for. What was made is kept by the frame that the calls are made from. */
export function* withObjects({ program, target }: CallSetting, made: Materialized): CallWork<Uint8Array> {
  let step = made.next();
  while (!step.done) {
    const wanted = step.value;
    let answer: CallAnswer;
    if (wanted.kind === 'allocate') {
      // runtime.mallocgc(size uintptr, typ *_type, needzero bool) unsafe.Pointer
      answer = yield runtimeCall(program, 'runtime.mallocgc', [wanted.bytes.length, wanted.type, 1]);
    } else {
      // runtime.getitab(inter *interfacetype, typ *_type, canfail bool) *itab
      answer = yield runtimeCall(program, 'runtime.getitab', [wanted.interface, wanted.type, 1]);
    }
    const address = sourceOf(program, answer[0]!.value).pointer(0);
    if (wanted.kind === 'allocate' && wanted.bytes.length > 0) target.memory.write(address, wanted.bytes);
    step = made.next(address);
  }
  return step.value;
}

/** A function of the runtime that takes words and gives a pointer. */
function runtimeCall(program: Program, name: string, words: readonly number[]): CallOrder {
  const found = functionNamed(program, [name]);
  if (found?.storage.kind !== 'function' || found.storage.entry === 0) {
    throw new UserError(`the program has no ${name}: nothing can be allocated in it`);
  }
  const types = { parameters: words.map(() => UINT64), results: [pointerTo(undefined)] };
  const places = assignCall(program.target.arch.name, types);
  return {
    name,
    entry: found.storage.entry,
    closure: 0 as RuntimeAddress,
    places,
    arguments: words.map((value) => {
      const view = new DataView(new ArrayBuffer(8));
      view.setBigUint64(0, BigInt(value), true);
      return new Uint8Array(view.buffer);
    }),
    results: [{ name: '', type: pointerTo(undefined) }],
    frameSize: frameSizeOf(places, types),
  };
}

interface Resolved {
  readonly callee: Callee;
  readonly receiver: Value | undefined;
  readonly closure: RuntimeAddress;
}

const NO_CLOSURE = 0 as RuntimeAddress;

function calleeOf(program: Program, { callee, calleeText }: CallRequest): Resolved {
  const { storage } = callee;
  if (storage.kind === 'function') {
    if (storage.receiver !== undefined) return methodOf(program, storage.name, storage.receiver);
    return {
      callee: signatureAt(program, storage.entry, storage.name),
      receiver: undefined,
      closure: NO_CLOSURE,
    };
  }
  const real = underlying(callee.type);
  if (real.kind !== 'func') {
    throw new UserError(`${calleeText} (type ${callee.type.name || 'constant'}) is no function`);
  }
  const closure = sourceOf(program, callee).pointer(0);
  if (closure === 0) throw new UserError(`${calleeText} is nil`);
  const entry = program.target.memory.pointer(closure);
  return { callee: signatureAt(program, entry, calleeText, real), receiver: undefined, closure };
}

const POINTER_RECEIVER = /\.\(\*([^()]*)\)\.(?=[^.()]*$)/;

/** A method of a value takes it, one of a pointer its address (spec: Method values). */
function methodOf(program: Program, name: string, given: Value): Resolved {
  const byValue = functionNamed(program, [name.replace(POINTER_RECEIVER, '.$1.')]);
  const isPointer = underlying(given.type).kind === 'pointer';
  if (byValue?.storage.kind === 'function' && byValue.storage.entry !== 0) {
    const { entry, name: found } = byValue.storage;
    const receiver = isPointer ? dereference(program, given) : given;
    return { callee: signatureAt(program, entry, found), receiver, closure: NO_CLOSURE };
  }
  const byPointer = functionNamed(program, [name]);
  if (byPointer?.storage.kind !== 'function' || byPointer.storage.entry === 0) {
    throw new UserError(`${name} has no code: it is inlined wherever it is called`);
  }
  const callee = signatureAt(program, byPointer.storage.entry, name);
  return { callee, receiver: isPointer ? given : addressOf(given, name), closure: NO_CLOSURE };
}

function addressOf({ type, storage }: Value, name: string): Value {
  if (storage.kind !== 'memory') {
    throw new UserError(`${name} takes a pointer, and the value is not in memory`);
  }
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(storage.address), true);
  return { type: pointerTo(type), storage: { kind: 'bytes', bytes: new Uint8Array(view.buffer) } };
}
