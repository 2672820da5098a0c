import { UserError } from '../base/index.ts';
import type { Type } from '../image/index.ts';
import { bytesToText } from './byte-text.ts';
import { toInteger } from './constant.ts';
import {
  BUILTINS,
  isBuiltin,
  type Operation,
  RUNTIME_NAMES,
  type RuntimeName,
  verify,
} from './operations.ts';
import { type Node, withoutParens } from './syntax.ts';

/** What compiling needs to know of the names in scope. */
export interface Names {
  type(node: Node): Type | undefined;
  isVariable(name: string): boolean;
  text(node: Node): string;
  /** Functions of the program may be called. */
  readonly calls?: boolean;
}

/** Turns an expression into operations, having told types from values. */
export function compile(node: Node, names: Names): readonly Operation[] {
  const compiler = new Compiler(names);
  compiler.node(node);
  verify(compiler.operations);
  return compiler.operations;
}

class Compiler {
  readonly operations: Operation[] = [];
  readonly #names: Names;

  constructor(names: Names) {
    this.#names = names;
  }

  node(node: Node): void {
    switch (node.kind) {
      case 'literal':
        this.operations.push({ do: 'constant', constant: node.constant, node });
        return;
      case 'name':
        this.operations.push({ do: 'identifier', name: node.name, node });
        return;
      case 'paren':
        this.node(node.inner);
        return;
      case 'selector':
        this.#selector(node);
        return;
      case 'index':
        this.#index(node);
        return;
      case 'slice':
        this.#slice(node);
        return;
      case 'star':
        this.node(node.operand);
        this.operations.push({ do: 'dereference', node });
        return;
      case 'unary':
        this.node(node.operand);
        this.operations.push(
          node.operator === '&' ? { do: 'address', node } : { do: 'unary', operator: node.operator, node },
        );
        return;
      case 'binary':
        this.#binary(node);
        return;
      case 'call':
        this.#call(node);
        return;
      case 'assertion':
        this.#assertion(node);
        return;
      default:
        throw new UserError(`${this.#names.text(node)} is a type, not a value`, undefined, node.from);
    }
  }

  #selector(node: Extract<Node, { kind: 'selector' }>): void {
    const { operand, name } = node;
    if (operand.kind === 'literal' && operand.constant.kind === 'string') {
      const first = bytesToText(operand.constant.bytes);
      this.operations.push({ do: 'qualified', first, quoted: true, name, node });
    } else if (operand.kind === 'name') {
      const special = operand.name === 'runtime' && RUNTIME_NAMES.includes(name as RuntimeName);
      this.operations.push(
        special
          ? { do: 'runtime', name: name as RuntimeName, node }
          : { do: 'qualified', first: operand.name, quoted: false, name, node },
      );
    } else if (!this.#frameVariable(node)) {
      this.node(operand);
      this.operations.push({ do: 'select', name, node });
    }
  }

  /** `runtime.frame(2).x`: a variable of another frame. */
  #frameVariable(node: Extract<Node, { kind: 'selector' }>): boolean {
    const { operand, name } = node;
    if (operand.kind !== 'call') return false;
    const { function: callee, arguments: list } = operand;
    if (callee.kind !== 'selector' || callee.name !== 'frame') return false;
    if (callee.operand.kind !== 'name' || callee.operand.name !== 'runtime') return false;
    const index = list.length === 1 && list[0]!.kind === 'literal' ? toInteger(list[0]!.constant) : undefined;
    if (index === undefined || index < 0n || index > 100_000n) {
      throw new UserError('runtime.frame takes the number of a frame', undefined, operand.from);
    }
    this.operations.push({ do: 'frame-variable', frame: Number(index), name, node });
    return true;
  }

  #index(node: Extract<Node, { kind: 'index' }>): void {
    if (node.indexes.length !== 1) {
      throw new UserError('one index is expected', undefined, node.indexes[1]!.from);
    }
    this.node(node.operand);
    this.node(node.indexes[0]!);
    this.operations.push({ do: 'index', node });
  }

  #slice(node: Extract<Node, { kind: 'slice' }>): void {
    this.node(node.operand);
    if (node.low !== undefined) this.node(node.low);
    if (node.high !== undefined) this.node(node.high);
    const [low, high] = [node.low !== undefined, node.high !== undefined];
    this.operations.push({ do: 'slice', low, high, node });
  }

  #binary(node: Extract<Node, { kind: 'binary' }>): void {
    const { operator } = node;
    this.node(node.left);
    if (operator === '&&' || operator === '||') {
      this.operations.push({ do: 'bool', node: node.left });
      const at = this.operations.length;
      const skip = { do: 'skip-if', when: operator === '||', node } as const;
      this.operations.push({ ...skip, target: 0 });
      this.node(node.right);
      this.operations.push({ do: 'bool', node: node.right });
      this.operations[at] = { ...skip, target: this.operations.length };
    } else {
      this.node(node.right);
      this.operations.push({ do: 'binary', operator, node });
    }
  }

  /** A conversion, a builtin, or a call, which needs a program that runs. */
  #call(node: Extract<Node, { kind: 'call' }>): void {
    const callee = withoutParens(node.function);
    const name = callee.kind === 'name' ? callee.name : undefined;
    const shadowed = name !== undefined && this.#names.isVariable(name);
    if (name !== undefined && isBuiltin(name) && !shadowed) {
      this.#builtin(node, name);
      return;
    }
    const type = shadowed ? undefined : this.#names.type(callee);
    if (type === undefined) {
      if (this.#names.calls !== true) throw this.#notConvertible(node, callee);
      this.node(callee);
      for (const argument of node.arguments) this.node(argument);
      this.operations.push({ do: 'call', count: node.arguments.length, node });
      return;
    }
    if (node.arguments.length !== 1) {
      const { from } = node.arguments[1] ?? node;
      throw new UserError(`a conversion to ${type.name} takes one value`, undefined, from);
    }
    this.node(node.arguments[0]!);
    this.operations.push({ do: 'convert', type, node });
  }

  #notConvertible(node: Extract<Node, { kind: 'call' }>, callee: Node): UserError {
    const text = this.#names.text(callee);
    const typeSyntax = /-type$/.test(callee.kind) || callee.kind === 'star' || callee.kind === 'literal';
    return typeSyntax
      ? new UserError(`could not find type ${text}`, undefined, callee.from)
      : new UserError(
          `${text} is no type or builtin, and functions can not be called here`,
          '`call` calls a function of a running program',
          node.from,
        );
  }

  #builtin(node: Extract<Node, { kind: 'call' }>, name: keyof typeof BUILTINS): void {
    const count = node.arguments.length;
    const [least, most] = BUILTINS[name];
    if (count < least || count > most) {
      throw new UserError(`wrong number of arguments to ${name}: ${count}`, undefined, node.from);
    }
    for (const argument of node.arguments) this.node(argument);
    this.operations.push({ do: 'builtin', name, count, node });
  }

  #assertion(node: Extract<Node, { kind: 'assertion' }>): void {
    this.node(node.operand);
    const { type } = node;
    if (type.kind === 'name' && type.name === 'data') {
      this.operations.push({ do: 'assert', type: undefined, node });
      return;
    }
    const asserted = this.#names.type(type);
    if (asserted === undefined) {
      throw new UserError(`could not find type ${this.#names.text(type)}`, undefined, type.from);
    }
    this.operations.push({ do: 'assert', type: asserted, node });
  }
}
