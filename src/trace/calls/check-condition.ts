import { UserError } from '../../base/index.ts';
import { parse } from '../../expr/index.ts';
import { underlying } from '../../golang/values/shapes.ts';
import type { TracedFunction } from './call-plan.ts';

type Node = ReturnType<typeof parse>;

const CONSTANTS = new Set(['true', 'false', 'nil']);

/**
 * Throws a UserError if a condition can hold for no call of the functions that were asked for: it names what is an
 * argument of none, or is such an argument and no bool. What is deeper in it is told at the first call.
 */
export function checkCondition(text: string, functions: readonly TracedFunction[]): void {
  const asked = functions.filter(({ level }) => level === 0);
  // Without DWARF there are no names to hold it against.
  if (asked.some(({ described }) => !described)) return;
  const node = parse(text);
  for (const { name, from } of operands(node)) {
    if (!CONSTANTS.has(name) && typesOf(name, asked).length === 0)
      throw new UserError(`column ${from + 1} of ${text}: ${name} is no argument of ${whose(asked)}`);
  }
  const whole = withoutNot(node);
  if (whole.kind !== 'name' || CONSTANTS.has(whole.name)) return;
  const types = typesOf(whole.name, asked);
  if (types.every((type) => underlying(type).kind !== 'bool'))
    throw new UserError(`column ${whole.from + 1} of ${text}: ${whole.name} is ${types[0]!.name}, no bool`);
}

/** Names that stand for values by themselves: not those of packages, types and functions. */
function* operands(node: Node): Iterable<{ readonly name: string; readonly from: number }> {
  if (node.kind === 'name') yield node;
  else if (node.kind === 'paren') yield* operands(node.inner);
  else if (node.kind === 'unary') yield* operands(node.operand);
  else if (node.kind === 'binary') {
    yield* operands(node.left);
    yield* operands(node.right);
  }
}

function withoutNot(node: Node): Node {
  if (node.kind === 'paren') return withoutNot(node.inner);
  return node.kind === 'unary' && node.operator === '!' ? withoutNot(node.operand) : node;
}

const typesOf = (name: string, functions: readonly TracedFunction[]) =>
  functions.flatMap(({ layouts }) =>
    layouts.entry.values.filter((value) => value.name === name).map(({ type }) => type),
  );

const whose = (functions: readonly TracedFunction[]): string =>
  functions.length === 1 ? functions[0]!.name : 'these functions';
