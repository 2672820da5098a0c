import type { RuntimeAddress } from '../../base/index.ts';
import type { Type } from '../../image/index.ts';
import type { Program } from '../program.ts';
import { isDirect } from './interfaces.ts';

/** A type as the runtime knows it. */
export interface RuntimeType {
  /** Of its `runtime._type`. */
  readonly address: RuntimeAddress;
  /** Its values stand in an interface themselves. */
  readonly direct: boolean;
}

/** Undefined: the binary keeps no runtime type for it. */
export function runtimeTypeOf(program: Program, type: Type): RuntimeType | undefined {
  for (const module of program.target.modules.all) {
    const own = type.runtimeType === undefined ? module.image?.debugInfo?.typeNamed(type.name) : type;
    if (own?.runtimeType === undefined) continue;
    const address = module.toRuntime(own.runtimeType);
    if (program.typeAt(address)?.name !== type.name) continue;
    return { address, direct: isDirect(program, address) };
  }
  return undefined;
}
