import { assertUnreachable, MattockError, UserError } from '../../base/index.ts';
import { compile, type Names } from '../../expr/compile.ts';
import { columnOf, evaluateNode } from '../../expr/evaluate.ts';
import { type Operation, taken } from '../../expr/operations.ts';
import { packageOf, withPathHint } from '../../expr/packages.ts';
import { parse } from '../../expr/parser.ts';
import { scalarOf, untypedConstant } from '../../expr/scalar.ts';
import type { Scope } from '../../expr/scope.ts';
import { type Node, withoutParens } from '../../expr/syntax.ts';
import { typeOfNode } from '../../expr/type-names.ts';
import { loopFunction } from '../../golang/values/range-bodies.ts';
import { underlying } from '../../golang/values/shapes.ts';
import { builtinCode, convertCode, dereferenceCode, indexCode } from './access-code.ts';
import { binaryCode, unaryCode } from './binary-code.ts';
import type { Condition, Read } from './condition.ts';
import { nameCode, qualifiedCode, variableNamed } from './name-code.ts';
import { type Operand, readScalar, typeOf } from './operand.ts';
import { NotThere, TooHard } from './place-code.ts';
import { selectCode } from './select-code.ts';
import { type ConditionSite, SiteFrame } from './site.ts';
import { wantedVariables } from './wanted-variables.ts';

/**
 * Makes a Go expression into closures that read the registers and words it needs and no others. What there is no code
 * for is left to `expr`, part by part of `&&` and `||`, on a frame that is made of the thread's registers. Wrong text,
 * unknown names, types that do not go together and variables that are optimised out there are UserErrors now, with
 * their columns.
 */
export function compileCondition(text: string, site: ConditionSite): Condition {
  try {
    const compiler = new Compiler(new SiteFrame(site), text);
    const { read, slow } = compiler.test(parse(text));
    return { text, slow, holds: read };
  } catch (error) {
    throw withPathHint(site.program, error, text);
  }
}

interface Test {
  readonly read: Read<boolean>;
  readonly slow: boolean;
}

class Compiler {
  readonly #site: SiteFrame;
  readonly #text: string;
  readonly #names: Names;

  constructor(site: SiteFrame, text: string) {
    this.#site = site;
    this.#text = text;
    const home = site.function === undefined ? undefined : packageOf(site.function);
    this.#names = {
      type: (node) => typeOfNode(site.program, node, home),
      isVariable: (name) => variableNamed(site, name) !== undefined,
      text: (node) => this.#textOf(node),
    };
  }

  test(node: Node): Test {
    const inner = withoutParens(node);
    if (inner.kind === 'binary' && (inner.operator === '&&' || inner.operator === '||')) {
      const [left, right] = [this.test(inner.left), this.test(inner.right)];
      const [a, b] = [left.read, right.read];
      return {
        slow: left.slow || right.slow,
        read:
          inner.operator === '&&'
            ? (thread, memory) => a(thread, memory) && b(thread, memory)
            : (thread, memory) => a(thread, memory) || b(thread, memory),
      };
    }
    return this.#leaf(inner);
  }

  #leaf(node: Node): Test {
    const operations = compile(node, this.#names);
    const general = this.#general(node, operations);
    try {
      const quick = this.#boolean(this.#operand(operations), node);
      return { slow: false, read: explained(quick, general) };
    } catch (error) {
      if (!(error instanceof TooHard)) throw error;
      this.#checkNames(operations);
      return { slow: true, read: general };
    }
  }

  /** As `print` would do it. */
  #general(node: Node, operations: readonly Operation[]): Read<boolean> {
    const site = this.#site;
    const { program } = site;
    const readsStack =
      loopFunction(site.function) !== undefined || operations.some((one) => one.do === 'frame-variable');
    const wanted = wantedVariables(site, operations);
    return (thread, memory) => {
      // What was kept of stacks is of the last stop.
      if (readsStack) program.refresh();
      const scope: Scope = { ...site.scopeOf(thread), variables: wanted?.(thread, memory) };
      const value = evaluateNode(scope, node, this.#text);
      const scalar = untypedConstant(value) ?? scalarOf(program, value);
      if (scalar?.kind === 'bool') return scalar.value;
      throw notBoolean(value.type.name || scalar?.kind || 'nil', node);
    };
  }

  #boolean(operand: Operand, node: Node): Read<boolean> {
    if (operand.kind === 'test') return operand.read;
    if (operand.kind === 'constant') {
      const { constant } = operand;
      if (constant.kind !== 'bool') throw notBoolean(constant.kind, node);
      return () => constant.value;
    }
    const type = typeOf(operand);
    if (type === undefined || underlying(type).kind !== 'bool') {
      throw notBoolean(type?.name ?? operand.kind, node);
    }
    const read = readScalar(operand);
    return (thread, memory) => {
      const scalar = read(thread, memory);
      return scalar.kind === 'bool' && scalar.value;
    };
  }

  #operand(operations: readonly Operation[]): Operand {
    const stack: Operand[] = [];
    for (const operation of operations) {
      const operands = stack.splice(stack.length - taken(operation));
      stack.push(this.#placed(operation.node, () => this.#result(operation, operands)));
    }
    return stack[0]!;
  }

  #result(operation: Operation, operands: readonly Operand[]): Operand {
    const site = this.#site;
    const { program } = site;
    const [first, second] = operands as [Operand, Operand];
    switch (operation.do) {
      case 'constant':
        return { kind: 'constant', constant: operation.constant };
      case 'identifier':
        return nameCode(site, operation.name);
      case 'qualified':
        return this.#qualified(operation);
      case 'select':
        return selectCode(site, first, operation.name);
      case 'dereference':
        return dereferenceCode(first, this.#textOf(operandNode(operation.node)));
      case 'unary':
        return unaryCode(program, operation.operator, first);
      case 'binary':
        return binaryCode(program, operation.operator, first, second);
      case 'index':
        return indexCode(first, second);
      case 'convert':
        return convertCode(program, first, operation.type);
      case 'builtin':
        return builtinCode(program, operation.name, operands);
      case 'runtime':
        if (operation.name === 'curg') return { kind: 'goroutine' };
        if (operation.name === 'threadid') return { kind: 'length', read: ({ id }) => id };
        throw new TooHard();
      case 'frame-variable':
      case 'assert':
      case 'address':
      case 'slice':
      case 'skip-if':
      case 'bool':
      case 'call':
        throw new TooHard();
      default:
        return assertUnreachable(operation);
    }
  }

  #qualified({ node, first, quoted, name }: Extract<Operation, { do: 'qualified' }>): Operand {
    const column = node.kind === 'selector' ? node.operand.from : node.from;
    return qualifiedCode(this.#site, { name: first, quoted, column }, name);
  }

  /** Names of what is left to `expr` are known now too, or never. */
  #checkNames(operations: readonly Operation[]): void {
    for (const operation of operations) {
      if (operation.do !== 'identifier' && operation.do !== 'qualified') continue;
      try {
        this.#placed(operation.node, () => this.#result(operation, []));
      } catch (error) {
        if (!(error instanceof TooHard)) throw error;
      }
    }
  }

  #placed(node: Node, result: () => Operand): Operand {
    try {
      return result();
    } catch (error) {
      if (error instanceof NotThere) {
        throw new UserError(
          `${this.#textOf(node)} is optimised out at this instruction`,
          undefined,
          node.from,
        );
      }
      if (!(error instanceof UserError) || error.column !== undefined) throw error;
      throw new UserError(error.message, error.remedy, columnOf(node));
    }
  }

  #textOf(node: Node): string {
    return this.#text.slice(node.from, node.to);
  }
}

const operandNode = (node: Node): Node => (node.kind === 'star' ? node.operand : node);

const notBoolean = (what: string, node: Node): UserError =>
  new UserError(`a condition must be true or false, not ${what}`, undefined, columnOf(node));

/** An error is seldom, and `expr` finds better words for it. */
function explained(quick: Read<boolean>, general: Read<boolean>): Read<boolean> {
  return (thread, memory) => {
    try {
      return quick(thread, memory);
    } catch (error) {
      if (!(error instanceof MattockError)) throw error;
      return general(thread, memory);
    }
  };
}
