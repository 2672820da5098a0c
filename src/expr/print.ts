import { hex } from '../base/index.ts';
import { OPTIMISED_OUT } from '../golang/values/place.ts';
import { bytesToText, quote, textToBytes } from './byte-text.ts';
import { goFormat, type Operand } from './go-format.ts';
import type { ShownValue } from './value.ts';

/**
 * Values as text, as Delve prints them: on one line, or over several with an element on each where the elements
 * are long. Types are written at the top, for fields of structs and for what an interface holds, and are left
 * out where the enclosing type says them.
 */
interface Style {
  readonly top: boolean;
  readonly types: boolean;
  readonly lines: boolean;
  readonly indent: string;
  readonly format: string;
  /**
   * For people, where Delve's form is for comparing: what is small is shown although the limits stop there, and a
   * channel by what is in it, unless `channels` says that its header is wanted.
   */
  readonly friendly: boolean;
  readonly channels: boolean;
}

const INDENT = '\t';
/** Strings longer than this put each element of their list on a line of its own. */
const SHORT_STRING = 7;

export function renderSingleLine(value: ShownValue, format = ''): string {
  const style = { top: true, types: true, lines: false, friendly: false, channels: false };
  return render(value, { ...style, indent: '', format });
}

/** Over several lines where that helps. `channels`: of a channel itself its header is wanted too. */
export function renderMultiline(value: ShownValue, format = '', channels = false): string {
  const style = { top: true, types: true, lines: true, friendly: true, channels };
  return render(value, { ...style, indent: '', format });
}

function render(value: ShownValue, style: Style): string {
  if (value.unreadable !== undefined) {
    const why = value.unreadable === OPTIMISED_OUT ? OPTIMISED_OUT : `unreadable ${value.unreadable}`;
    return `${value.length === undefined ? '' : sliceHead(value, style)}(${why})`;
  }
  if (value.state === 'absent' && !style.top) return style.types ? `${value.type} nil` : 'nil';
  if (isCut(value, style) && !SHOWN_ELIDED.has(value.kind)) return '...';
  const asText = style.format === '' ? undefined : bytesText(value, style.format);
  if (asText !== undefined) return asText;
  switch (value.kind) {
    case 'slice':
      return sliceText(value, style);
    case 'array':
      return (style.types ? `${value.type} ` : '') + listText(value, style);
    case 'pointer':
      return pointerText(value, style);
    case 'unsafe-pointer':
      return `unsafe.Pointer(${value.value})`;
    case 'chan':
      return chanText(value, style);
    case 'struct':
      return value.value === undefined ? structText(value, style) : timeValueText(value, style);
    case 'interface':
      return interfaceText(value, style);
    case 'map':
      return mapText(value, style);
    case 'func':
      return funcText(value, style);
    case 'nil':
      return 'nil';
    default:
      return scalarText(value, style.format);
  }
}

/** Whether the limits keep it from being shown. Of what is small, people are told nevertheless. */
const isCut = (value: ShownValue, style: Style): boolean =>
  value.state === 'elided' && !(style.friendly && (value.children.length > 0 || value.value !== undefined));

/** Kinds that say in their own form that something is left out. */
const SHOWN_ELIDED = new Set<ShownValue['kind']>(['struct', 'map']);

const joined = (style: Style): string => `\n${style.indent}${INDENT}`;

/** For what is inside a value, one step further in. */
const inner = (style: Style, lines: boolean, types: boolean): Style => ({
  ...style,
  top: false,
  types,
  lines,
  indent: style.indent + INDENT,
});

const quotedPath = (type: string): string => (type.includes('/') ? JSON.stringify(type) : type);

/** `(*main.T)(0xc000012340)`: an address that `print` takes back; a path in the type needs quotes. */
const pointerForm = (type: string, address: number): string => `(${quotedPath(type)})(${hex(address)})`;
const addressForm = (type: string, address: number): string => `(*${quotedPath(type)})(${hex(address)})`;

function pointerText(value: ShownValue, style: Style): string {
  const target = value.children[0]?.value;
  // Not followed: the limits say so.
  if (target === undefined) return pointerForm(value.type, value.base ?? 0);
  if (
    style.friendly &&
    target.state === 'elided' &&
    target.children.length === 0 &&
    target.value === undefined
  ) {
    return pointerForm(value.type, value.base ?? 0);
  }
  const head = style.top && style.lines && value.base ? `${pointerForm(value.type, value.base)}\n` : '';
  return `${head}*${render(target, { ...style, top: false })}`;
}

const sliceHead = ({ type, length, capacity }: ShownValue, style: Style): string =>
  style.types ? `${type} len: ${length}, cap: ${capacity ?? '?'}, ` : '';

function sliceText(value: ShownValue, style: Style): string {
  const head = sliceHead(value, style);
  if (value.base === 0 && value.children.length === 0) return `${head}nil`;
  return head + listText(value, style);
}

function listText(value: ShownValue, style: Style): string {
  const lines = style.lines && listOnLines(value);
  const element = inner(style, lines, false);
  const parts: string[] = [];
  for (const { value: child } of value.children) parts.push(render(child, element));
  const missing = (value.length ?? 0) - parts.length;
  const more = missing === 0 ? '' : parts.length === 0 ? '...' : `...+${missing} more`;
  if (!lines) return `[${parts.join(',')}${more !== '' && parts.length > 0 ? ',' : ''}${more}]`;
  const line = joined(style);
  return `[${parts.map((part) => `${line}${part},`).join('')}${more === '' ? '' : line + more}\n${style.indent}]`;
}

function structText(value: ShownValue, style: Style): string {
  if (isCut(value, style)) {
    return value.address === undefined ? `${value.type} {...}` : addressForm(value.type, value.address);
  }
  return fieldsText(value, value.length ?? value.children.length, style);
}

/** time.Time: what it is in words, and its fields unless the limits leave them out. */
function timeValueText(value: ShownValue, style: Style): string {
  if (value.state !== 'elided')
    return `${value.type}(${value.value})${structText(value, { ...style, types: false })}`;
  return style.friendly ? `${value.type}(${value.value})` : structText(value, style);
}

function fieldsText(value: ShownValue, total: number, style: Style): string {
  // What only aligns a struct is nothing to read.
  const named = style.friendly ? value.children.filter(({ name }) => name !== '_') : value.children;
  const lines = style.lines && value.state !== 'elided' && namedOnLines(named);
  const field = inner(style, lines, true);
  const parts = named.map(({ name, value: child }) => `${name}: ${render(child, field)}`);
  const missing = total - value.children.length;
  const more = missing === 0 ? '' : `...+${missing} more`;
  const head = style.types ? `${value.type} ` : '';
  if (!lines) return `${head}{${parts.join(', ')}${more === '' ? '' : `,${more}`}}`;
  const line = joined(style);
  return `${head}{${parts.map((part) => `${line}${part},`).join('')}${more === '' ? '' : line + more}}`;
}

function mapText(value: ShownValue, style: Style): string {
  const head = style.types ? `${value.type} ` : '';
  const { children } = value;
  if (value.base === 0 && children.length === 0) return `${head}nil`;
  const lines = style.lines && children.length > 0;
  const keyStyle = inner(style, false, false);
  const elementStyle = inner(style, lines, false);
  const parts: string[] = [];
  for (let i = 0; i + 1 < children.length; i += 2) {
    const element = render(children[i + 1]!.value, elementStyle);
    parts.push(`${render(children[i]!.value, keyStyle)}: ${element}, `);
  }
  const missing = (value.length ?? 0) - parts.length;
  const more = missing === 0 ? '' : parts.length === 0 ? '...' : `...+${missing} more`;
  if (!lines) return `${head}[${parts.join('')}${more !== '' && parts.length > 0 ? ',' : ''}${more}]`;
  const line = joined(style);
  return `${head}[${parts.map((part) => line + part).join('')}${more === '' ? '' : line + more}\n${style.indent}]`;
}

function chanText(value: ShownValue, style: Style): string {
  if (value.base === 0) return `${value.type} nil`;
  if (style.channels && style.top && value.children.length > 0) {
    return fieldsText(value, value.children.length, style);
  }
  const filled = `${value.type} ${value.length}/${value.capacity}`;
  if (!style.friendly) return filled;
  const header = new Map(value.children.map(({ name, value: field }) => [name, field]));
  const closed = (header.get('closed')?.value ?? '0') === '0' ? '' : ' (closed)';
  const queued = header.get('buf');
  const some = queued !== undefined && queued.children.length > 0;
  return `${filled}${closed}${some ? ` ${listText(queued, style)}` : ''}`;
}

function interfaceText(value: ShownValue, style: Style): string {
  const data = value.children[0]?.value;
  if (data === undefined) return style.types ? `${value.type} nil` : 'nil';
  const head = style.types ? `${value.type}(${data.type}) ` : '';
  return head + dynamicText(value, data, { ...style, top: false, types: !style.types });
}

function dynamicText(value: ShownValue, data: ShownValue, style: Style): string {
  const cut = isCut(data, style) && data.unreadable === undefined;
  if (data.kind === 'pointer' && data.unreadable === undefined) {
    if (cut && !(style.friendly && data.base)) return '...';
    if (data.base === 0) return 'nil';
    if (data.children.length === 0) return hex(data.base ?? 0);
  } else if (cut) {
    return value.address === undefined ? '...' : `*${addressForm(value.type, value.address)}`;
  }
  return render(data, style);
}

function funcText(value: ShownValue, style: Style): string {
  if (value.base === 0) return 'nil';
  const name = value.value ?? '';
  if (!style.lines || value.children.length === 0) return name;
  const captured = inner(style, true, false);
  const lines = value.children.map(
    ({ name, value: child }) =>
      `${style.indent}${INDENT}${name} ${child.type} = ${render(child, captured)}\n`,
  );
  return `${name} {\n${lines.join('')}${style.indent}}`;
}

function scalarText(value: ShownValue, format: string): string {
  if (value.kind === 'string') return stringText(value, format);
  if (value.value === undefined) return `(unknown ${value.kind})`;
  // A format is for the numbers of a value: its bools stay readable.
  const isOthers = value.kind === 'bool' && !/%[-+# 0\d.]*[tv]/.test(format);
  const operand = format === '' || isOthers ? undefined : operandOf(value);
  return operand === undefined ? value.value : goFormat(format, operand);
}

/** For these verbs package fmt takes bytes for text. */
const TEXT_VERB = /[sqxX]$/;

function bytesText(value: ShownValue, format: string): string | undefined {
  const { kind, children, length = 0 } = value;
  if ((kind !== 'slice' && kind !== 'array') || children.length === 0 || !TEXT_VERB.test(format))
    return undefined;
  if (!children.every(({ value: child }) => child.type === 'uint8' && child.unreadable === undefined))
    return undefined;
  const text = bytesToText(Uint8Array.from(children, ({ value: child }) => Number(child.value)));
  const missing = length - children.length;
  return goFormat(format, { kind: 'string', value: text }) + (missing > 0 ? `...+${missing} more` : '');
}

function stringText(value: ShownValue, format: string): string {
  const text = value.value ?? '';
  if (format !== '') return goFormat(format, { kind: 'string', value: text });
  const missing = (value.length ?? 0) - textToBytes(text).length;
  return quote(missing > 0 ? `${text}...+${missing} more` : text);
}

/** The number behind a scalar's text: `Monday (1)` is 1. */
function operandOf(value: ShownValue): Operand | undefined {
  const text = value.value ?? '';
  switch (value.kind) {
    case 'bool':
      return { kind: 'bool', value: text === 'true' };
    case 'int':
    case 'enum': {
      const number = /\((-?\d+)\)$/.exec(text)?.[1] ?? text;
      return { kind: 'int', value: BigInt(number) };
    }
    case 'float':
      return { kind: 'float', value: floatOf(text), bits: 64 };
    case 'complex': {
      const [real, imaginary] = value.children.map((child) => floatOf(child.value.value ?? ''));
      return { kind: 'complex', real: real ?? 0, imaginary: imaginary ?? 0, bits: 64 };
    }
    default:
      return undefined;
  }
}

const floatOf = (text: string): number => Number(text.replace('Inf', 'Infinity'));

/** The kind behind pointers, and whether there was one. */
function behindPointers(value: ShownValue): { readonly kind: ShownValue['kind']; readonly pointer: boolean } {
  let current = value;
  let pointer = false;
  while (current.kind === 'pointer') {
    pointer = true;
    const target = current.children[0]?.value;
    if (target === undefined) break;
    current = target;
  }
  return { kind: current.kind, pointer };
}

const COMPOSITE = new Set<ShownValue['kind']>(['slice', 'array', 'struct', 'map', 'interface']);

function listOnLines(value: ShownValue): boolean {
  const first = value.children[0]?.value;
  if (first === undefined) return false;
  const { kind, pointer } = behindPointers(first);
  if (kind !== 'string') return COMPOSITE.has(kind);
  return pointer || value.children.some(({ value: child }) => isLong(child));
}

function namedOnLines(fields: ShownValue['children']): boolean {
  return fields.some(({ value: child }) => {
    const { kind, pointer } = behindPointers(child);
    return kind === 'string' ? pointer || isLong(child) : COMPOSITE.has(kind);
  });
}

const isLong = (value: ShownValue): boolean => textToBytes(value.value ?? '').length > SHORT_STRING;
