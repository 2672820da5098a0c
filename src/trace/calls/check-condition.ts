import { UserError } from '../../base/index.ts';
import { parse } from '../../expr/index.ts';
import { targetOf, underlying } from '../../golang/values/shapes.ts';
import type { Field, Type } from '../../image/index.ts';
import type { TracedFunction } from './call-plan.ts';

type Node = ReturnType<typeof parse>;
/** What an expression gives, as far as that can be told before there is a value: `bool` is what comparisons give. */
type Given = Type | 'bool' | 'no-bool' | undefined;

const CONSTANTS = new Set(['true', 'false', 'nil']);
const LOGICAL = new Set(['&&', '||']);
const COMPARISONS = new Set(['==', '!=', '<', '<=', '>', '>=']);
const COUNTING = new Set(['len', 'cap', 'real', 'imag', 'complex']);

/**
 * Throws a UserError with the column if a condition can hold for no call of the functions that were asked for: it names
 * what is an argument of none, a field that is not there, or is no condition at all. Types say so; what only values
 * tell is told at the first call.
 */
export function checkCondition(text: string, functions: readonly TracedFunction[]): void {
  const asked = functions.filter(({ level }) => level === 0);
  // Without DWARF there are no names to hold it against.
  if (asked.some(({ described }) => !described)) return;
  const node = parse(text);
  for (const { name, from } of operands(node)) {
    const isArgument = asked.some((each) => argumentOf(each, name) !== undefined);
    if (!CONSTANTS.has(name) && !isArgument)
      throw at(text, from, `${name} is no argument of ${whose(asked)}`);
  }
  const problems = asked.map((each) => problemFor(new Checker(text, each), node));
  // It is enough that it may hold for the calls of one.
  const [first] = problems;
  if (first !== undefined && problems.every((problem) => problem !== undefined)) throw first;
}

function problemFor(checker: Checker, node: Node): UserError | undefined {
  try {
    checker.condition(node);
    return undefined;
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
}

const at = (text: string, from: number, what: string): UserError =>
  new UserError(`column ${from + 1} of ${text}: ${what}`);

class Checker {
  readonly #text: string;
  readonly #function: TracedFunction;

  constructor(text: string, called: TracedFunction) {
    this.#text = text;
    this.#function = called;
  }

  /** Something that is true or false. */
  condition(node: Node): void {
    const given = this.#given(node);
    if (given === undefined || given === 'bool') return;
    if (given !== 'no-bool' && underlying(given).kind === 'bool') return;
    const written = this.#text.slice(node.from, node.to);
    const is = given === 'no-bool' ? 'is neither true nor false' : `is ${given.name}, no bool`;
    throw at(this.#text, node.from, `${written} ${is}`);
  }

  #given(node: Node): Given {
    switch (node.kind) {
      case 'paren':
        return this.#given(node.inner);
      case 'name':
        if (node.name === 'true' || node.name === 'false') return 'bool';
        return node.name === 'nil' ? 'no-bool' : argumentOf(this.#function, node.name);
      case 'literal':
        return 'no-bool';
      case 'selector':
        return this.#selected(node);
      case 'star':
        return typeGiven(this.#given(node.operand), (type) => targetOf(underlying(type)));
      case 'index':
        return typeGiven(this.#given(node.operand), elementOf);
      case 'unary':
        if (node.operator === '!') this.condition(node.operand);
        else this.#given(node.operand);
        return node.operator === '!' ? 'bool' : 'no-bool';
      case 'binary':
        return this.#binary(node);
      case 'call':
        for (const argument of node.arguments) this.#given(argument);
        return node.function.kind === 'name' && COUNTING.has(node.function.name) ? 'no-bool' : undefined;
      default:
        return undefined;
    }
  }

  #binary({ operator, left, right }: Extract<Node, { readonly kind: 'binary' }>): Given {
    if (LOGICAL.has(operator)) {
      this.condition(left);
      this.condition(right);
      return 'bool';
    }
    this.#given(left);
    this.#given(right);
    return COMPARISONS.has(operator) ? 'bool' : 'no-bool';
  }

  /** A field, also of what a pointer leads to, and of what is embedded. Of an interface nobody knows yet. */
  #selected({ operand, name, nameFrom }: Extract<Node, { readonly kind: 'selector' }>): Given {
    const given = this.#given(operand);
    if (given === undefined || typeof given === 'string') return undefined;
    const real = underlying(given);
    const type = real.kind === 'pointer' ? (targetOf(real) ?? real) : given;
    const struct = underlying(type);
    if (struct.kind !== 'struct') {
      if (!['int', 'float', 'bool', 'string', 'slice', 'array'].includes(struct.kind)) return undefined;
      throw at(this.#text, nameFrom, `${given.name} has no fields`);
    }
    const field = fieldNamed(struct.fields, name, EMBEDDED_DEPTH);
    if (field === undefined) throw at(this.#text, nameFrom, `${type.name} has no field ${name}`);
    return field;
  }
}

const EMBEDDED_DEPTH = 8;

/** Promoted ones too. */
function fieldNamed(fields: readonly Field[], name: string, depth: number): Type | undefined {
  const own = fields.find((field) => field.name === name);
  if (own !== undefined || depth === 0) return own?.type;
  for (const { embedded, type } of fields) {
    if (!embedded) continue;
    const inner = underlying(targetOf(underlying(type)) ?? type);
    const found = inner.kind === 'struct' ? fieldNamed(inner.fields, name, depth - 1) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

const typeGiven = (given: Given, inner: (type: Type) => Type | undefined): Type | undefined =>
  given === undefined || typeof given === 'string' ? undefined : inner(given);

function elementOf(type: Type): Type | undefined {
  const real = underlying(type);
  return real.kind === 'slice' || real.kind === 'array' || real.kind === 'map' ? real.element : undefined;
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

const argumentOf = ({ layouts }: TracedFunction, wanted: string): Type | undefined =>
  layouts.entry.values.find(({ name }) => name === wanted)?.type;

const whose = (functions: readonly TracedFunction[]): string =>
  functions.length === 1 ? functions[0]!.name : 'these functions';
