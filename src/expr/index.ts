export {
  bytesForRegister,
  type Destination,
  destinationOf,
  type Materialized,
  materialize,
  type ObjectRequest,
} from './assign.ts';
export { type AssignmentText, splitAssignment } from './assignment-text.ts';
export { bytesToText } from './byte-text.ts';
export {
  type CallAnswer,
  type CallRequest,
  type Evaluation,
  evaluate,
  evaluateNode,
  evaluateWithCalls,
} from './evaluate.ts';
export { fixedScope } from './lookup.ts';
export { parse } from './parser.ts';
export { renderMultiline, renderSingleLine } from './print.ts';
export { type Scope, scopeAt } from './scope.ts';
export { show } from './show.ts';
export type { Node } from './syntax.ts';
export * from './value.ts';
export { type NamedValue, variablesOf } from './variables.ts';
