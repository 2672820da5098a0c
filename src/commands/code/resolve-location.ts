import { assertUnreachable, hex, linkedAddress, type RuntimeAddress, UserError } from '../../base/index.ts';
import type { SourcePosition } from '../../image/index.ts';
import type { Module } from '../../target/index.ts';
import type { Context } from '../command.ts';
import { ownCode } from '../goroutines/own-code.ts';
import type { Typed } from '../language/cursor.ts';
import { type LocationSpec, parseLocationSpec } from '../language/locspec.ts';
import { evaluateAddress } from '../session/values.ts';
import { functionsMatching } from './function-names.ts';

/** A place that a locspec means. A line without code has no pc, code without debug information no position. */
export interface ResolvedLocation {
  readonly pc: RuntimeAddress | undefined;
  readonly function: string | undefined;
  readonly position: SourcePosition | undefined;
}

const SHOWN_CANDIDATES = 8;

/** The one place that a locspec means. */
export function resolveOne(context: Context, typed: Typed): ResolvedLocation {
  const found = resolveLocation(context, typed);
  if (found.length === 1) return found[0]!;
  const own = ownCode(context.session.program);
  const isOwn = (one: ResolvedLocation): boolean => own.has(one);
  // What the user has written is likelier meant than what is called so elsewhere.
  const sorted = [...found.filter(isOwn), ...found.filter((one) => !isOwn(one))];
  const names = [...new Set(sorted.map(candidateName))];
  const more = names.length > SHOWN_CANDIDATES ? [`and ${names.length - SHOWN_CANDIDATES} more`] : [];
  const shown = [...names.slice(0, SHOWN_CANDIDATES), ...more].map((name) => `\n  ${name}`);
  throw new UserError(`${typed.text} means ${found.length} places:${shown.join('')}`, WHICH, typed.column);
}

const WHICH = 'name one of them: the whole of the function, or file:line';

function candidateName({ function: name, position, pc }: ResolvedLocation): string {
  const place = position === undefined ? hex(pc ?? 0) : `${position.file}:${position.line}`;
  return name === undefined ? place : `${name} at ${place}`;
}

/** All places that a locspec means: at least one, or a UserError. */
export function resolveLocation(context: Context, typed: Typed): readonly ResolvedLocation[] {
  const spec = parseLocationSpec(typed);
  const found = resolveSpec(context, spec);
  if (found.length > 0) return found;
  throw new UserError(
    `nothing is called ${typed.text.trim()}`,
    '`funcs` and `sources` list what there is',
    typed.column,
  );
}

function resolveSpec(context: Context, spec: LocationSpec): readonly ResolvedLocation[] {
  switch (spec.kind) {
    case 'address':
      return [located(context, evaluateAddress(context, spec.expression))];
    case 'line':
      return lineOf(context, currentPosition(context).file, spec.line);
    case 'offset': {
      const { file, line } = currentPosition(context);
      return lineOf(context, file, Math.max(1, line + spec.lines));
    }
    case 'function':
      return functionsMatching(context.session.program, spec.name).map((pc) => located(context, pc));
    case 'regex':
      return functionsMatching(context.session.program, spec.regex).map((pc) => located(context, pc));
    case 'name-and-line':
      return nameAndLine(context, spec.name, spec.line);
    default:
      return assertUnreachable(spec);
  }
}

function located(context: Context, pc: RuntimeAddress): ResolvedLocation {
  const { function: name, position } = context.session.program.locate(pc, false);
  return { pc, function: name, position };
}

function currentPosition(context: Context): SourcePosition {
  const { position } = context.session.frame(context.scope);
  if (position !== undefined) return position;
  throw new UserError('the selected frame has no source file', 'name a function or file:line');
}

function nameAndLine(context: Context, name: string, line: number): readonly ResolvedLocation[] {
  const files = filesEndingIn(context, name);
  if (files.length > 0) return files.flatMap((file) => lineOf(context, file, line));
  return functionsMatching(context.session.program, name).flatMap((pc) => {
    const { position } = located(context, pc);
    return position === undefined ? [] : lineOf(context, position.file, position.line + line);
  });
}

function modules(context: Context): readonly Module[] {
  return context.session.program.target.modules.all.filter((module) => module.image !== undefined);
}

/** Source files whose path is `suffix` or ends in it on a component boundary. */
function filesEndingIn(context: Context, suffix: string): readonly string[] {
  const found = new Set<string>();
  for (const { image } of modules(context)) {
    const names =
      image!.debugInfo?.lines.matching(suffix) ?? image!.functions?.files().filter(endsIn(suffix)) ?? [];
    for (const name of names) found.add(name);
  }
  return [...found];
}

const endsIn =
  (suffix: string) =>
  (path: string): boolean =>
    path === suffix || path.endsWith(`/${suffix}`);

/** The first copy of a line's code; the line alone where it has none, to be listed. */
function lineOf(context: Context, file: string, line: number): readonly ResolvedLocation[] {
  for (const module of modules(context)) {
    const linked = module.image!.debugInfo?.lines.addressesOf(file, line)[0];
    if (linked === undefined) continue;
    const pc = module.toRuntime(linkedAddress(linked));
    return [{ pc, function: context.session.program.locate(pc, false).function, position: { file, line } }];
  }
  return [{ pc: undefined, function: undefined, position: { file, line } }];
}
