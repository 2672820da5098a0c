import type { Constant } from './constant.ts';

/**
 * An expression as it was typed: [from, to) are columns of its text. Types are nodes too, since only the names
 * in scope tell `T(x)` from `f(x)`.
 */
interface Span {
  readonly from: number;
  readonly to: number;
}

export type UnaryOperator = '+' | '-' | '!' | '^' | '&';
export type BinaryOperator =
  | '||'
  | '&&'
  | '=='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | '+'
  | '-'
  | '|'
  | '^'
  | '*'
  | '/'
  | '%'
  | '<<'
  | '>>'
  | '&'
  | '&^';

export type Node = Span &
  (
    | { readonly kind: 'literal'; readonly constant: Constant }
    | { readonly kind: 'name'; readonly name: string }
    | { readonly kind: 'paren'; readonly inner: Node }
    | {
        readonly kind: 'selector';
        readonly operand: Node;
        readonly name: string;
        readonly nameFrom: number;
      }
    /** Also a generic type with its arguments. */
    | { readonly kind: 'index'; readonly operand: Node; readonly indexes: readonly Node[] }
    | {
        readonly kind: 'slice';
        readonly operand: Node;
        readonly low: Node | undefined;
        readonly high: Node | undefined;
      }
    /** A dereference, or a pointer type. */
    | { readonly kind: 'star'; readonly operand: Node }
    | { readonly kind: 'unary'; readonly operator: UnaryOperator; readonly operand: Node }
    | {
        readonly kind: 'binary';
        readonly operator: BinaryOperator;
        readonly left: Node;
        readonly right: Node;
        readonly operatorFrom: number;
      }
    | { readonly kind: 'call'; readonly function: Node; readonly arguments: readonly Node[] }
    | { readonly kind: 'assertion'; readonly operand: Node; readonly type: Node }
    | TypeNode
  );

/** Types that are written with their own syntax. */
type TypeNode =
  | { readonly kind: 'array-type'; readonly length: Node | undefined; readonly element: Node }
  | { readonly kind: 'map-type'; readonly key: Node; readonly element: Node }
  | { readonly kind: 'chan-type'; readonly direction: 'both' | 'send' | 'receive'; readonly element: Node }
  | { readonly kind: 'func-type'; readonly parameters: readonly Node[]; readonly results: readonly Node[] }
  /** `struct {…}` and `interface {…}`, by their text: they are known by it or not at all. */
  | { readonly kind: 'braced-type'; readonly text: string };

export const withoutParens = (node: Node): Node => {
  let inner = node;
  while (inner.kind === 'paren') inner = inner.inner;
  return inner;
};
