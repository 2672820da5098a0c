import type { FinishedCall } from '../../debugger/index.ts';
import type { ShownValue } from '../../expr/index.ts';
import { plainValue } from '../data/variable-row.ts';
import { harmless } from '../output/style.ts';

/** What the functions that `call` called gave. */
export class CallResult {
  readonly expression: string;
  /** Of one call: the name of each result. Of an expression with calls in it: one without a name. */
  readonly values: readonly { readonly name: string; readonly value: ShownValue }[];
  readonly panic: ShownValue | undefined;
  /** The function that returned, or that panicked; '' for an expression with calls in it. */
  readonly function: string;

  constructor(facts: {
    readonly expression: string;
    readonly function: string;
    readonly values?: CallResult['values'];
    readonly panic?: ShownValue;
  }) {
    this.expression = facts.expression;
    this.function = facts.function;
    this.values = facts.values ?? [];
    this.panic = facts.panic;
  }

  toPlain(): unknown {
    const { expression, values, panic } = this;
    return {
      expression,
      function: this.function,
      values: values.map(({ name, value }) => ({ name, ...plainValue(value) })),
      ...(panic === undefined ? {} : { panic: plainValue(panic) }),
    };
  }

  get text(): string {
    const shown = ({ text, unreadable }: ShownValue): string =>
      harmless(unreadable === undefined ? text : `(unreadable ${unreadable})`);
    if (this.panic !== undefined)
      return `> ${this.function} panicked: ${shown(this.panic.children[0]?.value ?? this.panic)}`;
    const values = this.values.map(({ name, value }) =>
      name === '' ? shown(value) : `${name}: ${shown(value)}`,
    );
    if (this.function === '') return values.join(', ');
    return values.length === 0
      ? `> ${this.function} returned`
      : `> ${this.function} returned: ${values.join(', ')}`;
  }
}

/** As a cause of a stop: a call that was interrupted, by a breakpoint in it, has come to its end. */
export function finishedText({ result, problem }: FinishedCall): string {
  if (problem !== undefined) return `[the call failed: ${problem.message}]`;
  return `[${result instanceof CallResult ? result.text.replace(/^> /, '') : 'the call has returned'}]`;
}
