import { UserError } from '../base/index.ts';
import { type Token, tokenize } from './lexer.ts';
import type { BinaryOperator, Node, UnaryOperator } from './syntax.ts';

/** Parses a Go expression. Errors are UserErrors with the column of what was not expected. */
export function parse(text: string): Node {
  const parser = new Parser(tokenize(text), text);
  const node = parser.expression(0);
  parser.end();
  return node;
}

/** spec: Operator precedence. */
const PRECEDENCE: Readonly<Record<string, number>> = {
  '||': 1,
  '&&': 2,
  '==': 3,
  '!=': 3,
  '<': 3,
  '<=': 3,
  '>': 3,
  '>=': 3,
  '+': 4,
  '-': 4,
  '|': 4,
  '^': 4,
  '*': 5,
  '/': 5,
  '%': 5,
  '<<': 5,
  '>>': 5,
  '&': 5,
  '&^': 5,
};
const UNARY = new Set(['+', '-', '!', '^', '&']);
const MAX_DEPTH = 250;

class Parser {
  readonly #tokens: readonly Token[];
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[], text: string) {
    this.#tokens = tokens;
    this.#text = text;
  }

  get #token(): Token {
    return this.#tokens[this.#at]!;
  }

  /** Where the last token ended. */
  get #last(): number {
    return this.#tokens[this.#at - 1]?.to ?? 0;
  }

  end(): void {
    const token = this.#token;
    if (token.kind === 'end') return;
    if (token.text === '=') throw new UserError("expected '==', found '='", undefined, token.from);
    throw this.#unexpected('end of expression');
  }

  /** An expression whose operators bind more tightly than `minimum`. */
  expression(minimum: number): Node {
    return this.#nested(() => {
      let left = this.#unary();
      for (;;) {
        const token = this.#token;
        const precedence = token.kind === 'operator' ? (PRECEDENCE[token.text] ?? 0) : 0;
        if (precedence <= minimum) return left;
        this.#at++;
        const right = this.expression(precedence);
        left = {
          kind: 'binary',
          operator: token.text as BinaryOperator,
          left,
          right,
          operatorFrom: token.from,
          from: left.from,
          to: right.to,
        };
      }
    });
  }

  #nested<T>(parse: () => T): T {
    if (++this.#depth > MAX_DEPTH) {
      throw new UserError('the expression is nested too deeply', undefined, this.#token.from);
    }
    const result = parse();
    this.#depth--;
    return result;
  }

  #unary(): Node {
    const { text, from, kind } = this.#token;
    if (kind !== 'operator') return this.#primary();
    if (text === '*') {
      this.#at++;
      const operand = this.#nested(() => this.#unary());
      return { kind: 'star', operand, from, to: operand.to };
    }
    if (UNARY.has(text)) {
      this.#at++;
      const operand = this.#nested(() => this.#unary());
      return { kind: 'unary', operator: text as UnaryOperator, operand, from, to: operand.to };
    }
    if (text === '<-') return this.#receive();
    return this.#primary();
  }

  /** `<-chan T` is a type; a receive would need the program to run. */
  #receive(): Node {
    const { from } = this.#token;
    if (this.#tokens[this.#at + 1]?.text === 'chan') {
      this.#at++;
      return this.#chanType(from, 'receive');
    }
    throw new UserError('receiving from a channel is not supported', 'print the channel itself', from);
  }

  #primary(): Node {
    let node = this.#operand();
    // A loop over suffixes, not recursion: the length of a chain is bounded by the text.
    for (;;) {
      const next = this.#suffix(node);
      if (next === undefined) return node;
      node = next;
    }
  }

  #suffix(operand: Node): Node | undefined {
    switch (this.#token.kind === 'operator' ? this.#token.text : '') {
      case '.':
        return this.#selector(operand);
      case '[':
        return this.#indexOrSlice(operand);
      case '(':
        return this.#call(operand);
      case '{':
        throw new UserError('composite literals are not supported', undefined, this.#token.from);
      default:
        return undefined;
    }
  }

  #selector(operand: Node): Node {
    this.#at++;
    const token = this.#token;
    if (token.kind === 'name') {
      this.#at++;
      const { from } = operand;
      return { kind: 'selector', operand, name: token.text, nameFrom: token.from, from, to: token.to };
    }
    if (!this.#accept('(')) throw this.#unexpected('a name or (');
    const type = this.#type();
    this.#expect(')');
    return { kind: 'assertion', operand, type, from: operand.from, to: this.#last };
  }

  #indexOrSlice(operand: Node): Node {
    const { from } = operand;
    this.#at++;
    const low = this.#is(':') ? undefined : this.#typeOrExpression();
    if (this.#accept(':')) {
      const high = this.#is(']') || this.#is(':') ? undefined : this.expression(0);
      if (this.#is(':')) {
        throw new UserError('3-index slices are not supported', undefined, this.#token.from);
      }
      this.#expect(']');
      return { kind: 'slice', operand, low, high, from, to: this.#last };
    }
    const indexes = [low!];
    while (this.#accept(',')) {
      if (this.#is(']')) break;
      indexes.push(this.#typeOrExpression());
    }
    this.#expect(']');
    return { kind: 'index', operand, indexes, from, to: this.#last };
  }

  #call(operand: Node): Node {
    const { from } = operand;
    this.#at++;
    const parameters: Node[] = [];
    while (!this.#is(')')) {
      parameters.push(this.#typeOrExpression());
      if (!this.#accept(',')) break;
    }
    this.#expect(')');
    return { kind: 'call', function: operand, arguments: parameters, from, to: this.#last };
  }

  #operand(): Node {
    const token = this.#token;
    const { from, to } = token;
    if (token.kind === 'literal') {
      this.#at++;
      return { kind: 'literal', constant: token.constant!, from, to };
    }
    if (token.kind === 'name') return this.#nameOrType(token);
    if (this.#is('[')) return this.#type();
    if (!this.#accept('(')) throw this.#unexpected('an operand');
    const inner = this.#typeOrExpression();
    this.#expect(')');
    return { kind: 'paren', inner, from, to: this.#last };
  }

  #nameOrType(token: Token): Node {
    if (TYPE_WORDS.has(token.text)) return this.#type();
    if (KEYWORDS.has(token.text)) throw this.#unexpected('an operand');
    this.#at++;
    return { kind: 'name', name: token.text, from: token.from, to: token.to };
  }

  /** Every type but those with keywords and brackets parses as an expression. */
  #typeOrExpression(): Node {
    return this.expression(0);
  }

  #type(): Node {
    return this.#nested(() => {
      const { text, from, kind } = this.#token;
      if (kind === 'operator' && text === '[') return this.#arrayType(from);
      if (kind === 'operator' && text === '*') {
        this.#at++;
        const operand = this.#type();
        return { kind: 'star', operand, from, to: operand.to };
      }
      if (kind === 'operator' && text === '<-') {
        this.#at++;
        return this.#chanType(from, 'receive');
      }
      if (kind === 'operator' && text === '(') {
        this.#at++;
        const inner = this.#type();
        this.#expect(')');
        return { kind: 'paren', inner, from, to: this.#last };
      }
      return this.#wordType();
    });
  }

  #wordType(): Node {
    const { text, from, kind } = this.#token;
    if (kind === 'literal') return this.#typeName();
    if (kind !== 'name') throw this.#unexpected('a type');
    switch (text) {
      case 'map':
        return this.#mapType(from);
      case 'chan':
        return this.#chanType(from, 'both');
      case 'func':
        return this.#funcType(from);
      case 'struct':
      case 'interface':
        return this.#bracedType(from);
      default:
        return this.#typeName();
    }
  }

  /** `T`, `pkg.T`, `"path/pkg".T`, `pkg.T[A, B]`. */
  #typeName(): Node {
    let node = this.#operand();
    while (this.#is('.')) {
      this.#at++;
      const { kind, text, from, to } = this.#token;
      if (kind !== 'name') throw this.#unexpected('a name');
      this.#at++;
      node = { kind: 'selector', operand: node, name: text, nameFrom: from, from: node.from, to };
    }
    if (!this.#is('[')) return node;
    this.#at++;
    const indexes = [this.#type()];
    while (this.#accept(',')) indexes.push(this.#type());
    this.#expect(']');
    return { kind: 'index', operand: node, indexes, from: node.from, to: this.#last };
  }

  #arrayType(from: number): Node {
    this.#expect('[');
    const length = this.#is(']') ? undefined : this.expression(0);
    this.#expect(']');
    const element = this.#type();
    return { kind: 'array-type', length, element, from, to: element.to };
  }

  #mapType(from: number): Node {
    this.#at++;
    this.#expect('[');
    const key = this.#type();
    this.#expect(']');
    const element = this.#type();
    return { kind: 'map-type', key, element, from, to: element.to };
  }

  #chanType(from: number, arrow: 'both' | 'receive'): Node {
    if (this.#token.text !== 'chan') throw this.#unexpected('chan');
    this.#at++;
    const direction = arrow === 'both' && this.#accept('<-') ? 'send' : arrow;
    const element = this.#type();
    return { kind: 'chan-type', direction, element, from, to: element.to };
  }

  #funcType(from: number): Node {
    this.#at++;
    const parameters = this.#typeList();
    const hasResult =
      this.#token.kind === 'name' || this.#token.kind === 'literal' || this.#is('*') || this.#is('[');
    const results = this.#is('(') ? this.#typeList() : hasResult ? [this.#type()] : [];
    return { kind: 'func-type', parameters, results, from, to: this.#last };
  }

  /** Types only: parameters without names. */
  #typeList(): readonly Node[] {
    const types: Node[] = [];
    this.#expect('(');
    while (!this.#is(')')) {
      types.push(this.#type());
      if (!this.#accept(',')) break;
    }
    this.#expect(')');
    return types;
  }

  #bracedType(from: number): Node {
    const word = this.#token.text;
    this.#at++;
    this.#expect('{');
    const bodyFrom = this.#last;
    for (let depth = 1; depth > 0; this.#at++) {
      if (this.#token.kind === 'end') throw this.#unexpected('}');
      if (this.#is('{')) depth++;
      if (this.#is('}')) depth--;
    }
    const body = this.#text.slice(bodyFrom, this.#last - 1).trim();
    return { kind: 'braced-type', text: `${word} {${body === '' ? '' : ` ${body} `}}`, from, to: this.#last };
  }

  #is(operator: string): boolean {
    return this.#token.kind === 'operator' && this.#token.text === operator;
  }

  #accept(operator: string): boolean {
    if (!this.#is(operator)) return false;
    this.#at++;
    return true;
  }

  #expect(operator: string): void {
    if (!this.#accept(operator)) throw this.#unexpected(operator);
  }

  #unexpected(expected: string): UserError {
    const { kind, text, from } = this.#token;
    const found = kind === 'end' ? 'the end' : text;
    return new UserError(`expected ${expected}, found ${found}`, undefined, from);
  }
}

const TYPE_WORDS = new Set(['map', 'chan', 'func', 'struct', 'interface']);
const KEYWORDS = new Set([
  'break', 'case', 'const', 'continue', 'default', 'defer', 'else', 'fallthrough', 'for', 'go', 'goto', 'if',
  'import', 'package', 'range', 'return', 'select', 'switch', 'type', 'var',
]); // biome-ignore format: a table
