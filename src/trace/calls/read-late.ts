import { parse } from '../../expr/index.ts';
import { underlying } from '../../golang/values/shapes.ts';
import type { Type } from '../../image/index.ts';
import type { TracedFunction } from './call-plan.ts';

type Node = ReturnType<typeof parse>;

/**
 * The parts of a condition that lead out of what a probe keeps: through a pointer, a map, an interface. They are read
 * when the call is told of, and may have changed by then. As they were typed, each once.
 */
export function readLate(text: string, functions: readonly TracedFunction[]): readonly string[] {
  const arguments_ = functions
    .filter(({ level }) => level === 0)
    .flatMap(({ layouts }) => layouts.entry.values);
  const late = new Set<string>();

  /** Its type as far as that is kept; undefined: unknown, or noted as late. */
  const typeOf = (node: Node): Type | undefined => {
    const away = (): undefined => {
      late.add(text.slice(node.from, node.to));
    };
    switch (node.kind) {
      case 'name': {
        const type = arguments_.find(({ name }) => name === node.name)?.type;
        return type && underlying(type);
      }
      case 'paren':
        return typeOf(node.inner);
      case 'star':
        return typeOf(node.operand) && away();
      case 'assertion':
        return typeOf(node.operand) && away();
      case 'selector': {
        const type = typeOf(node.operand);
        if (type?.kind !== 'struct') return type && away();
        const field = type.fields.find(({ name }) => name === node.name)?.type;
        return field && underlying(field);
      }
      case 'index':
      case 'slice': {
        if (node.kind === 'index') node.indexes.forEach(typeOf);
        const type = typeOf(node.operand);
        if (type === undefined || type.kind === 'string') return undefined;
        if (type.kind !== 'array' && type.kind !== 'slice') return away();
        return node.kind === 'slice' ? type : underlying(type.element);
      }
      case 'unary':
        typeOf(node.operand);
        return undefined;
      case 'binary':
        typeOf(node.left);
        typeOf(node.right);
        return undefined;
      case 'call':
        for (const argument of node.arguments) {
          const kind = typeOf(argument)?.kind;
          if (kind === 'map' || kind === 'chan') late.add(text.slice(node.from, node.to));
        }
        return undefined;
      default:
        return undefined;
    }
  };
  typeOf(parse(text));
  return [...late];
}
