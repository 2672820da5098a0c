import { assertUnreachable, hex, type RuntimeAddress, UserError } from '../../base/index.ts';
import type { FunctionInfo, SourcePosition } from '../../image/index.ts';
import type { Module } from '../../target/index.ts';
import type { Context } from '../command.ts';
import { ownCode } from '../goroutines/own-code.ts';
import type { Typed } from '../language/cursor.ts';
import { type LocationSpec, parseLocationSpec } from '../language/locspec.ts';
import { evaluateAddress } from '../session/values.ts';
import { type FunctionCopies, functionsMatching } from './function-names.ts';

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
  throw ambiguous(context, typed, found);
}

export function ambiguous(context: Context, typed: Typed, found: readonly ResolvedLocation[]): UserError {
  const own = ownCode(context.session.program);
  const isOwn = (one: ResolvedLocation): boolean => own.has(one);
  // What the user has written is likelier meant than what is called so elsewhere.
  const sorted = [...found.filter(isOwn), ...found.filter((one) => !isOwn(one))];
  const names = [...new Set(sorted.map(candidateName))];
  const more = names.length > SHOWN_CANDIDATES ? [`and ${names.length - SHOWN_CANDIDATES} more`] : [];
  const shown = [...names.slice(0, SHOWN_CANDIDATES), ...more].map((name) => `\n  ${name}`);
  return new UserError(
    `${typed.text.trim()} means ${found.length} places:${shown.join('')}`,
    WHICH,
    typed.column,
  );
}

const WHICH = 'name one of them: the whole of the function, or file:line';

function candidateName({ function: name, position, pc }: ResolvedLocation): string {
  const place = position === undefined ? hex(pc ?? 0) : `${position.file}:${position.line}`;
  return name === undefined ? place : `${name} at ${place}`;
}

/** All places that a locspec means, each function once: at least one, or a UserError. */
export function resolveLocation(context: Context, typed: Typed): readonly ResolvedLocation[] {
  const found = resolveSpec(context, parseLocationSpec(typed));
  if (found.length > 0) return found;
  throw nothingCalled(typed);
}

/** What is not in the program: it may come, with a plugin. */
export class CodeNotFound extends UserError {}

export function nothingCalled(typed: Typed): UserError {
  return new CodeNotFound(
    `nothing is called ${typed.text.trim()}`,
    '`funcs` and `sources` list what there is',
    typed.column,
  );
}

function resolveSpec(context: Context, spec: LocationSpec): readonly ResolvedLocation[] {
  const { program } = context.session;
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
      return functionsMatching(program, spec.name).flatMap((copies) => ofFunction(context, copies));
    case 'regex':
      return functionsMatching(program, spec.regex).flatMap((copies) => ofFunction(context, copies));
    case 'name-and-line':
      return sourceLines(context, spec.name, spec.line).flatMap(({ file, line }) =>
        lineOf(context, file, line),
      );
    default:
      return assertUnreachable(spec);
  }
}

/** A function that is inlined everywhere is shown where it is declared, and its code in the first copy. */
function ofFunction(context: Context, { name, entries, inlined }: FunctionCopies): ResolvedLocation[] {
  if (entries.length > 0) return entries.map((pc) => located(context, pc));
  const [pc] = inlined;
  return pc === undefined ? [] : [{ pc, function: name, position: declared(context, pc, name) }];
}

/** Where the function is declared that was inlined at a pc; or where it is there. */
function declared(context: Context, pc: RuntimeAddress, name: string): SourcePosition | undefined {
  const module = context.session.program.target.modules.at(pc);
  if (module === undefined) return undefined;
  const { functions, debugInfo } = module.image ?? {};
  const linked = module.toLinked(pc);
  const inlined = functions?.inlining(linked)?.inlined ?? [];
  const position = inlined.find((call) => call.name === name)?.position;
  let level: FunctionInfo | undefined = debugInfo?.functionAt(linked);
  while (level !== undefined && level.name !== name) {
    level = level.inlined.find(({ ranges }) => ranges.some(({ from, to }) => from <= linked && linked < to));
  }
  const line = level?.declared?.line;
  return position === undefined || line === undefined ? position : { file: position.file, line };
}

export function located(context: Context, pc: RuntimeAddress): ResolvedLocation {
  const { function: name, position } = context.session.program.locate(pc, false);
  return { pc, function: name, position };
}

export function currentPosition(context: Context): SourcePosition {
  const { position } = context.session.frame(context.scope);
  if (position !== undefined) return position;
  throw new UserError('the selected frame has no source file', 'name a function or file:line');
}

/** `main.go:30`, or `main.main:3`. */
export function sourceLines(context: Context, name: string, line: number): readonly SourcePosition[] {
  const files = filesEndingIn(context, name);
  if (files.length > 0) return files.map((file) => ({ file, line }));
  const found = functionsMatching(context.session.program, name).flatMap((copies) =>
    ofFunction(context, copies).slice(0, 1),
  );
  return found.flatMap(({ position }) =>
    position === undefined ? [] : [{ file: position.file, line: position.line + line }],
  );
}

export function modulesWithCode(context: Context): readonly Module[] {
  return context.session.program.target.modules.all.filter((module) => module.image !== undefined);
}

/** Source files whose path is `suffix` or ends in it on a component boundary. */
function filesEndingIn(context: Context, suffix: string): readonly string[] {
  const found = new Set<string>();
  for (const { image } of modulesWithCode(context)) {
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
  const [pc] = addressesOfLine(context, file, line);
  const name = pc === undefined ? undefined : context.session.program.locate(pc, false).function;
  return [{ pc, function: name, position: { file, line } }];
}

/**
 * Every copy of a line's code. Of a line that only calls what was inlined there may be no row in the table of lines: then
 * it is where the calls begin.
 */
export function addressesOfLine(context: Context, file: string, line: number): readonly RuntimeAddress[] {
  const modules = modulesWithCode(context);
  const own = modules.flatMap((module) => {
    const { debugInfo, functions } = module.image!;
    const found = debugInfo?.lines.addressesOf(file, line) ?? functions?.places.addressesOf(file, line) ?? [];
    return found.map((linked) => module.toRuntime(linked));
  });
  if (own.length > 0) return own;
  const calls = modules.flatMap((module) => {
    const found = module.image!.functions?.places.inlinedCallsOn(file, line) ?? [];
    return found.map((linked) => module.toRuntime(linked));
  });
  return [...new Set(calls)];
}
