import { UserError } from '../../base/index.ts';
import { functionNamed } from '../../expr/functions.ts';
import { SHORT_LIMITS, show, type Value } from '../../expr/index.ts';
import type { Program } from '../../golang/index.ts';
import { functionInfoAt } from '../../golang/values/functions.ts';
import { targetOf } from '../../golang/values/shapes.ts';
import type { Field, Type, VariableInfo } from '../../image/index.ts';
import type { Context } from '../command.ts';
import type { Typed } from '../language/cursor.ts';
import { evaluateExpression } from './values.ts';

/** What `whatis` tells. */
export type Description =
  | {
      readonly kind: 'value';
      readonly type: string;
      /** What a typedef (of C mostly) stands for. */
      readonly realType: string | undefined;
      /** What an interface holds. */
      readonly concreteType: string | undefined;
      readonly location: string | undefined;
    }
  | {
      readonly kind: 'type';
      readonly type: string;
      readonly typeKind: Type['kind'];
      readonly size: number;
      readonly fields: readonly { readonly name: string; readonly type: string; readonly offset: number }[];
      readonly methods: readonly string[];
    };

/** An expression's type, a type's parts, or the type of a field of a type. What is neither fails as an expression. */
export function describe(context: Context, typed: Typed): Description {
  const name = typed.text.trim();
  const type = typeOf(context, name);
  try {
    return describeValue(context, typed);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    if (type !== undefined) return describeType(context.session.program, type);
    const method = functionNamed(context.session.program, methodNames(name));
    if (method !== undefined)
      return { ...VALUE, kind: 'value', type: typeText(context.session.program, method) };
    const field = fieldOf(context, { ...typed, text: name });
    if (field === undefined) throw withInstances(context, name, error);
    return { ...VALUE, kind: 'value', type: field.type.name };
  }
}

/** `main.T.M` as the linker calls it, of a T or of a pointer to it. */
function methodNames(name: string): readonly string[] {
  const [, home, type, method] = /^(.*?[^./]+)\.([^./]+)\.(\w+)$/.exec(name) ?? [];
  return home === undefined ? [] : [`${home}.(*${type}).${method}`, name];
}

/** What is generic has its own name for each set of types that it is used with. */
function withInstances({ session }: Context, name: string, error: UserError): UserError {
  if (error.remedy !== undefined || !/^[\w./]+\.\w+$/.test(name)) return error;
  const instances = [...instancesOf(session.program, `${name}[`)].slice(0, MOST_INSTANCES);
  if (instances.length === 0) return error;
  return new UserError(error.message, `it is generic: ${instances.join(', ')}`, error.column);
}

const MOST_INSTANCES = 5;

function* instancesOf(program: Program, beginning: string): Generator<string> {
  for (const { image } of program.target.modules.all) {
    for (const name of image?.debugInfo?.typeNames() ?? []) {
      if (name.startsWith(beginning) && !name.includes('go.shape.')) yield name;
    }
    const functions = image?.functions;
    for (let i = 0; i < (functions?.count ?? 0); i++) {
      const name = functions!.name(i);
      if (name.startsWith(beginning) && !name.slice(beginning.length).includes('].')) yield name;
    }
  }
}

const VALUE = { realType: undefined, concreteType: undefined, location: undefined };

/** `main.T.a.b`: the longest beginning that is a type, then fields. */
function fieldOf(context: Context, { text, column }: Typed): Field | undefined {
  for (let dot = text.lastIndexOf('.'); dot > 0; dot = text.lastIndexOf('.', dot - 1)) {
    const type = typeOf(context, text.slice(0, dot));
    if (type !== undefined) return fieldIn(type, text.slice(dot + 1), column + dot + 1);
  }
  return undefined;
}

/** Fields of fields, through pointers; the column is that of the first. */
function fieldIn(type: Type, path: string, column: number): Field {
  const [name = '', ...rest] = path.split('.');
  const behind = type.kind === 'pointer' ? (type.target ?? type) : type;
  const struct = behind.kind === 'alias' ? behind.underlying : behind;
  const field = struct.kind === 'struct' ? struct.fields.find((one) => one.name === name) : undefined;
  if (field === undefined) {
    const whose = `\`whatis ${behind.name}\` shows those it has`;
    throw new UserError(
      `${behind.name} has no field ${name}`,
      struct.kind === 'struct' ? whose : undefined,
      column,
    );
  }
  return rest.length === 0 ? field : fieldIn(field.type, rest.join('.'), column + name.length + 1);
}

function typeOf({ session }: Context, name: string): Type | undefined {
  return /^[\w.*[\],"/{} -]+$/.test(name)
    ? session.program.typeNamed(name.replaceAll('"', '').replaceAll(', ', ','))
    : undefined;
}

function describeValue(context: Context, typed: Typed): Description {
  const value = evaluateExpression(context, typed);
  const { type, storage } = value;
  const shown = show(context.session.program, value, SHORT_LIMITS);
  const [held] = shown.children;
  return {
    kind: 'value',
    type:
      storage.kind === 'register'
        ? `CPU register ${storage.name}`
        : typeText(context.session.program, value, shown),
    realType: type.kind === 'alias' ? type.underlying.name : undefined,
    concreteType: type.kind === 'interface' ? held?.value.type : undefined,
    location: context.session.settings.values['show-location-expr'] ? locationText(storage) : undefined,
  };
}

/** Of a function what it takes and gives: DWARF has no type of it, but its variables. */
function typeText(program: Program, value: Value, shown = show(program, value, SHORT_LIMITS)): string {
  const { storage } = value;
  const info = storage.kind === 'function' ? functionInfoAt(program, storage.entry) : undefined;
  if (storage.kind !== 'function' || info === undefined) return shown.type || 'untyped constant';
  const typesOf = (role: VariableInfo['role']): string[] =>
    declared(info.variables, role).map(
      ({ type, escaped }) => (escaped ? (targetOf(type) ?? type) : type).name,
    );
  const results = typesOf('result');
  const given = results.length > 1 ? `(${results.join(', ')})` : results.join('');
  const taken = typesOf('parameter').slice(storage.receiver === undefined ? 0 : 1);
  return `func(${taken.join(', ')})${given === '' ? '' : ` ${given}`}`;
}

/** A variable that the compiler has split is described more than once. */
const declared = (variables: readonly VariableInfo[], wanted: VariableInfo['role']): VariableInfo[] =>
  variables
    .filter(({ role }) => role === wanted)
    .filter(({ name }, i, all) => name === '_' || all.findIndex((other) => other.name === name) === i);

function locationText(storage: ReturnType<typeof evaluateExpression>['storage']): string {
  switch (storage.kind) {
    case 'memory':
      return `memory at 0x${storage.address.toString(16)}`;
    case 'bytes':
      return `${storage.bytes.length} bytes joined from registers and pieces`;
    case 'register':
      return `register ${storage.name}`;
    case 'none':
      return storage.reason;
    default:
      return 'computed';
  }
}

function describeType(program: Program, type: Type): Description {
  const struct = type.kind === 'alias' ? type.underlying : type;
  return {
    kind: 'type',
    type: type.name,
    typeKind: struct.kind,
    size: type.size,
    fields:
      struct.kind === 'struct'
        ? struct.fields.map((field) => ({ name: field.name, type: field.type.name, offset: field.offset }))
        : [],
    methods: methodsOf(program, type.name),
  };
}

/** Methods by the names of functions: `main.T.M` and `main.(*T).M`. What the linker dropped has none. */
function methodsOf(program: Program, typeName: string): readonly string[] {
  const dot = typeName.lastIndexOf('.');
  if (dot < 0 || /[*[\]{} ]/.test(typeName)) return [];
  const byValue = `${typeName}.`;
  const byPointer = `${typeName.slice(0, dot)}.(*${typeName.slice(dot + 1)}).`;
  const found = new Set<string>();
  for (const { image } of program.target.modules.all) {
    const functions = image?.functions;
    if (functions === undefined) continue;
    for (let i = 0; i < functions.count; i++) {
      const name = functions.name(i);
      const prefix = name.startsWith(byPointer) ? byPointer : name.startsWith(byValue) ? byValue : undefined;
      if (prefix !== undefined && /^\w+$/.test(name.slice(prefix.length)))
        found.add(name.slice(prefix.length));
    }
  }
  return [...found].sort();
}
