import { assertUnreachable, type RuntimeAddress, UserError } from '../../base/index.ts';
import type { BreakpointPlace } from '../../debugger/index.ts';
import { bodyStart, type SourcePosition } from '../../image/index.ts';
import type { Context } from '../command.ts';
import type { Typed } from '../language/cursor.ts';
import { parseLocationSpec } from '../language/locspec.ts';
import { evaluateCodeAddress } from '../session/values.ts';
import { type FunctionCopies, functionsMatching } from './function-names.ts';
import {
  addressesOfLine,
  ambiguous,
  currentPosition,
  located,
  modulesWithCode,
  nothingCalled,
  sourceLines,
} from './resolve-location.ts';

/**
 * All places where a breakpoint is to stop: of a function behind its prologue and where each inlined copy begins, of a line
 * at every copy. As Delve, where it sets one. A UserError where there is no code, or several functions or files are meant.
 */
export function resolveBreakpoint(context: Context, typed: Typed): readonly BreakpointPlace[] {
  const { program } = context.session;
  const names = new Map<number, string>();
  const addresses = [...new Set(addressesOf(context, typed, names))].sort((a, b) => a - b);
  return addresses.map((address) => {
    const { function: name, position } = program.locate(address, false);
    return { address, function: names.get(address) ?? name, position };
  });
}

/**
 * `names` gets the function that each inlined copy is of: others may be inlined into it at the same address.
 */
function addressesOf(context: Context, typed: Typed, names: Map<number, string>): readonly RuntimeAddress[] {
  const { program } = context.session;
  const spec = parseLocationSpec(typed);
  switch (spec.kind) {
    case 'address': {
      const { address, isFunction } = evaluateCodeAddress(context, spec.expression);
      return [isFunction ? behindPrologue(context, address) : address];
    }
    case 'line':
      return codeOfLine(context, typed, { file: currentPosition(context).file, line: spec.line });
    case 'offset': {
      if (spec.lines === 0) return [context.session.frame(context.scope).pc];
      const { file, line } = currentPosition(context);
      return codeOfLine(context, typed, { file, line: line + spec.lines });
    }
    case 'regex': {
      const found = functionsMatching(program, spec.regex);
      if (found.length === 0) throw nothingCalled(typed);
      return found.flatMap((copies) => startsOf(context, copies, names));
    }
    case 'function':
      return startsOf(context, oneFunction(context, typed, spec.name), names);
    case 'name-and-line': {
      const lines = sourceLines(context, spec.name, spec.line);
      if (lines.length === 0) throw nothingCalled(typed);
      if (lines.length > 1) {
        const places = lines.map((position) => ({ pc: undefined, function: undefined, position }));
        throw ambiguous(context, typed, places);
      }
      return codeOfLine(context, typed, lines[0]!);
    }
    default:
      return assertUnreachable(spec);
  }
}

function oneFunction(context: Context, typed: Typed, name: string): FunctionCopies {
  const found = functionsMatching(context.session.program, name);
  if (found.length === 0) throw nothingCalled(typed);
  if (found.length === 1) return found[0]!;
  const places = found.map(({ name: full, entries, inlined }) => ({
    ...located(context, (entries[0] ?? inlined[0])!),
    function: full,
  }));
  throw ambiguous(context, typed, places);
}

function startsOf(
  context: Context,
  { name, entries, inlined }: FunctionCopies,
  names: Map<number, string>,
): RuntimeAddress[] {
  for (const address of inlined) names.set(address, name);
  return [...entries.map((entry) => behindPrologue(context, entry)), ...inlined];
}

function behindPrologue(context: Context, entry: RuntimeAddress): RuntimeAddress {
  const module = context.session.program.target.modules.at(entry);
  if (module?.image === undefined) return entry;
  return module.toRuntime(bodyStart(module.image, module.toLinked(entry)));
}

function codeOfLine(
  context: Context,
  typed: Typed,
  { file, line }: SourcePosition,
): readonly RuntimeAddress[] {
  const found = addressesOfLine(context, file, line);
  if (found.length > 0) return found;
  const lines = modulesWithCode(context).flatMap(({ image }) => image!.debugInfo?.lines.linesOf(file) ?? []);
  const before = Math.max(...lines.filter((other) => other < line));
  const behind = Math.min(...lines.filter((other) => other > line));
  const nearest = [before, behind].filter(Number.isFinite);
  const remedy =
    nearest.length === 0
      ? '`list` shows the file'
      : `there is at line${nearest.length > 1 ? 's' : ''} ${nearest.join(' and ')}`;
  throw new UserError(`there is no code at ${file}:${line}`, remedy, typed.column);
}
