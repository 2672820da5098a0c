import { type RuntimeAddress, runtimeAddress } from '../../base/index.ts';
import { funcIdName } from '../../image/index.ts';
import type { Memory } from '../../target/index.ts';
import type { CodeMap } from './code-map.ts';
import type { CodeFunction, CodeLevel } from './code-point.ts';

/** A wrapper is short; what is longer is not looked through. */
const LONGEST_WRAPPER = 4096;
/** What any function may call: to grow its stack, to panic. */
const OF_THE_RUNTIME = /^runtime\.[^A-Z]/;

/**
 * `go f(x)` and `defer f(x)` start a function that the compiler writes, `main.main.gowrap1` (before go1.22
 * `main.main.func1`, before go1.19 `·dwrap·1`; abi.FuncIDWrapper): it calls f with the arguments. Finds f: the first
 * call inlined into the wrapper, or the first call instruction to a function that is not one of the runtime's helpers.
 */
export function wrappedFunction(
  code: CodeMap,
  memory: Memory,
  goVersion: string,
  wrapper: CodeFunction,
): { readonly entry: RuntimeAddress | undefined; readonly level: CodeLevel } | undefined {
  const functions = wrapper.module.image?.functions;
  if (functions === undefined || funcIdName(goVersion, wrapper.traits.funcId) !== 'wrapper') return undefined;
  const end = wrapper.module.toRuntime(functions.end(wrapper.index));
  const length = Math.min(end - wrapper.entry, LONGEST_WRAPPER);
  const step = wrapper.module.image?.arch === 'arm64' ? 4 : 1;
  for (let offset = 0; offset < length; offset += step) {
    const levels = functions.inlining(
      wrapper.module.toLinked(runtimeAddress(wrapper.entry + offset)),
    )?.inlined;
    const outermost = levels?.at(-1);
    if (outermost === undefined) continue;
    // Where it begins, its own copy tells, if the program has one.
    const [copy] = functions.byName(outermost.name);
    if (copy === undefined) {
      return { entry: undefined, level: { function: outermost.name, position: outermost.position } };
    }
    const entry = wrapper.module.toRuntime(functions.entry(copy));
    return { entry, level: code.at(entry).levels.at(-1)! };
  }
  const bytes = memory.readUpTo(wrapper.entry, length);
  for (const target of callTargets(bytes, wrapper.entry, step)) {
    const callee = code.functionAt(target);
    if (callee === undefined || callee.entry !== target || OF_THE_RUNTIME.test(callee.name)) continue;
    return { entry: callee.entry, level: code.at(target).levels[0]! };
  }
  return undefined;
}

/** Where direct calls lead: amd64 `E8 rel32` at any byte, as its instructions are not decoded; arm64 `BL imm26`. */
function* callTargets(bytes: Uint8Array, start: number, step: number): Generator<number> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i + 5 <= bytes.length; i += step) {
    if (step === 1) {
      if (bytes[i] === 0xe8) yield start + i + 5 + view.getInt32(i + 1, true);
    } else {
      const word = view.getUint32(i, true);
      if (word >>> 26 === 0x25) yield start + i + ((word << 6) >> 6) * 4;
    }
  }
}
