import type { Symbolize } from '../../arch/index.ts';
import { type RuntimeAddress, runtimeAddress } from '../../base/index.ts';
import type { Program } from '../../golang/index.ts';

/** Names the functions and symbols of all modules, for the operands of instructions. */
export function symbolizer(program: Program): Symbolize {
  return (address) => {
    const at = runtimeAddress(address);
    const module = program.target.modules.at(at);
    const image = module?.image;
    if (module === undefined || image === undefined) return undefined;
    const linked = module.toLinked(at);
    const { functions } = image;
    const index = functions?.find(linked) ?? -1;
    if (functions !== undefined && index >= 0) {
      return { name: functions.name(index), base: module.toRuntime(functions.entry(index)) };
    }
    const symbol = image.symbols.at(linked);
    return symbol === undefined ? undefined : { name: symbol.name, base: module.toRuntime(symbol.address) };
  };
}

/** Where the code of the function at a pc begins and ends. */
export function codeRange(
  program: Program,
  pc: RuntimeAddress,
): { readonly start: RuntimeAddress; readonly end: RuntimeAddress } | undefined {
  const module = program.target.modules.at(pc);
  const image = module?.image;
  if (module === undefined || image === undefined) return undefined;
  const linked = module.toLinked(pc);
  const index = image.functions?.find(linked) ?? -1;
  if (image.functions !== undefined && index >= 0) {
    const start = module.toRuntime(image.functions.entry(index));
    return { start, end: module.toRuntime(image.functions.end(index)) };
  }
  const symbol = image.symbols.at(linked);
  if (symbol === undefined || symbol.size === 0) return undefined;
  const start = module.toRuntime(symbol.address);
  return { start, end: runtimeAddress(start + symbol.size) };
}
