import { renderMultiline, renderSingleLine, type ShownValue } from '../../expr/index.ts';
import { harmless, type Style } from '../output/style.ts';
import { indented } from '../output/text.ts';

/** A variable with its value: in data the value's fields follow the name. */
export class VariableRow {
  readonly name: string;
  readonly role: 'parameter' | 'result' | 'local' | 'global';
  /** A variable of the same name in an inner block hides it. */
  readonly shadowed: boolean;
  readonly value: ShownValue;

  constructor(facts: Pick<VariableRow, 'name' | 'role' | 'shadowed' | 'value'>) {
    this.name = facts.name;
    this.role = facts.role;
    this.shadowed = facts.shadowed;
    this.value = facts.value;
  }

  toPlain(): unknown {
    return { name: this.name, role: this.role, shadowed: this.shadowed, ...plainValue(this.value) };
  }
}

/** A value as data: `text` and the parts that were read, each with its name. */
export function plainValue(value: ShownValue): Readonly<Record<string, unknown>> {
  return {
    type: value.type,
    kind: value.kind,
    address: value.address,
    text: value.text,
    value: value.value,
    length: value.length,
    capacity: value.capacity,
    base: value.base,
    state: value.state === 'loaded' ? undefined : value.state,
    unreadable: value.unreadable,
    children:
      value.children.length === 0
        ? undefined
        : value.children.map((child) => ({ name: child.name, ...plainValue(child.value) })),
  };
}

/** `x = 5`; a shadowed name stands in parentheses. */
export function* renderVariable(row: VariableRow, style: Style, long: boolean): Iterable<string> {
  const name = style.paint('name', row.shadowed ? `(${row.name})` : row.name);
  const text = long ? renderMultiline(row.value) : renderSingleLine(row.value);
  const [first = '', ...rest] = harmless(text).split('\n');
  yield `${name} = ${first}`;
  yield* indented(rest, '');
}

/** `channels`: a channel is shown with all of its header. */
export function* valueLines(value: ShownValue, format: string, channels = false): Iterable<string> {
  yield* harmless(renderMultiline(value, format, channels)).split('\n');
}
