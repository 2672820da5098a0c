import { registerBytes } from '../golang/values/frame-registers.ts';
import type { Scope } from './scope.ts';
import { STRING, UINT64 } from './synthetic-types.ts';
import type { Value } from './value.ts';

/** A register by its name in any case, also with underscores before it (`_RAX`), where a variable has the plain one. */
export function registerNamed(scope: Scope, name: string): Value | undefined {
  const { program, frame, thread } = scope;
  const description = program.target.arch.register(name.replace(/^_+/, ''));
  if (description === undefined || frame === undefined) return undefined;
  const bytes = registerBytes(program, frame, thread, description);
  if (bytes === undefined) return undefined;
  const type = bytes.length <= 8 ? UINT64 : STRING;
  return { type, storage: { kind: 'register', name: description.name, bytes } };
}
