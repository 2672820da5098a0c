export { evaluate, evaluateNode } from './evaluate.ts';
export { parse } from './parser.ts';
export { renderMultiline, renderSingleLine } from './print.ts';
export { type Scope, scopeAt } from './scope.ts';
export { show } from './show.ts';
export type { Node } from './syntax.ts';
export * from './value.ts';
export { type NamedValue, variablesOf } from './variables.ts';
