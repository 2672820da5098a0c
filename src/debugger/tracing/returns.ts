import { type RuntimeAddress, runtimeAddress } from '../../base/index.ts';
import type { LiveTarget } from '../../target/index.ts';

/** A function's code is read up to this length: no function is longer. */
const LONGEST = 16 << 20;

/** The return instructions of the function at an address, by decoding all of it: as its file has it, for the process may be gone. */
export function returnsOf(target: LiveTarget, address: RuntimeAddress): RuntimeAddress[] {
  const module = target.modules.at(address);
  const functions = module?.image?.functions;
  const index = module === undefined ? -1 : (functions?.find(module.toLinked(address)) ?? -1);
  if (module === undefined || functions === undefined || index < 0) return [];
  const start = module.toRuntime(functions.entry(index));
  const end = module.toRuntime(functions.end(index));
  const bytes = module.image!.bytesAt(functions.entry(index), Math.min(end - start, LONGEST));
  const returns: RuntimeAddress[] = [];
  for (let at = 0; at < bytes.length; ) {
    const instruction = target.code.decode(bytes.subarray(at), start + at);
    if (instruction?.flow === 'return') returns.push(runtimeAddress(start + at));
    at += instruction?.length ?? 1;
  }
  return returns;
}
