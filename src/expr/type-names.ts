import type { Program } from '../golang/index.ts';
import type { Type } from '../image/index.ts';
import { bytesToText } from './byte-text.ts';
import { toInteger } from './constant.ts';
import { packagePaths } from './packages.ts';
import type { Node } from './syntax.ts';
import { arrayOf, basicType, canonicalName, pointerTo, sliceOf } from './synthetic-types.ts';

const MAX_ARRAY = 2 ** 40;

/**
 * The type that a node names, or undefined: it is no type, or none that the program has. `home` is the package
 * whose types need no qualification. Pointers, slices and arrays of known types are made if the program has none.
 */
export function typeOfNode(program: Program, node: Node, home?: string): Type | undefined {
  switch (node.kind) {
    case 'paren':
      return typeOfNode(program, node.inner, home);
    case 'name':
      return named(program, node.name, home);
    case 'literal':
      return node.constant.kind === 'string'
        ? typeOfText(program, bytesToText(node.constant.bytes))
        : undefined;
    case 'selector':
      return qualified(program, node);
    case 'star': {
      const target = typeOfNode(program, node.operand, home);
      return target === undefined ? undefined : pointerType(program, target);
    }
    case 'array-type':
      return arrayType(program, node, home);
    case 'index':
    case 'map-type':
    case 'chan-type':
    case 'func-type':
    case 'braced-type': {
      const text = typeText(program, node, home);
      return text === undefined ? undefined : program.typeNamed(text);
    }
    default:
      return undefined;
  }
}

/** A type by the name that the binary gives it, in a string: `"*net/http.Request"`. */
export function typeOfText(program: Program, text: string): Type | undefined {
  const known = program.typeNamed(text) ?? basicType(text);
  if (known !== undefined) return known;
  if (text.startsWith('*')) {
    const target = typeOfText(program, text.slice(1));
    return target === undefined ? undefined : pointerTo(target);
  }
  const list = /^\[(\d*)\]/.exec(text);
  if (list === null) return undefined;
  const element = typeOfText(program, text.slice(list[0].length));
  if (element === undefined) return undefined;
  return list[1] === '' ? sliceOf(element) : sizedArray(Number(list[1]), element);
}

export function pointerType(program: Program, target: Type): Type {
  return program.typeNamed(`*${target.name}`) ?? pointerTo(target);
}

export function sliceType(program: Program, element: Type): Type {
  return program.typeNamed(`[]${element.name}`) ?? sliceOf(element);
}

function named(program: Program, name: string, home: string | undefined): Type | undefined {
  const known = program.typeNamed(canonicalName(name)) ?? basicType(name);
  if (known !== undefined || home === undefined) return known;
  return program.typeNamed(`${home}.${name}`);
}

function qualified(program: Program, node: Extract<Node, { kind: 'selector' }>): Type | undefined {
  const { operand, name } = node;
  if (operand.kind === 'literal' && operand.constant.kind === 'string') {
    return program.typeNamed(`${bytesToText(operand.constant.bytes)}.${name}`);
  }
  if (operand.kind !== 'name') return undefined;
  if (operand.name === 'unsafe' && name === 'Pointer') {
    return program.typeNamed('unsafe.Pointer') ?? pointerTo(undefined);
  }
  const exact = program.typeNamed(`${operand.name}.${name}`);
  if (exact !== undefined) return exact;
  for (const path of packagePaths(program, operand.name)) {
    const type = program.typeNamed(`${path}.${name}`);
    if (type !== undefined) return type;
  }
  return undefined;
}

function arrayType(
  program: Program,
  node: Extract<Node, { kind: 'array-type' }>,
  home: string | undefined,
): Type | undefined {
  const element = typeOfNode(program, node.element, home);
  if (element === undefined) return undefined;
  if (node.length === undefined) return sliceType(program, element);
  if (node.length.kind !== 'literal') return undefined;
  const length = toInteger(node.length.constant);
  return length === undefined ? undefined : sizedArray(Number(length), element, program);
}

function sizedArray(length: number, element: Type, program?: Program): Type | undefined {
  if (!(length >= 0) || length * Math.max(element.size, 1) > MAX_ARRAY) return undefined;
  return program?.typeNamed(`[${length}]${element.name}`) ?? arrayOf(length, element);
}

/** The name that DWARF has for a type, put together from the full names of its parts. */
function typeText(program: Program, node: Node, home: string | undefined): string | undefined {
  const part = (inner: Node): string | undefined =>
    typeOfNode(program, inner, home)?.name ?? typeText(program, inner, home);
  const list = (nodes: readonly Node[], separator: string): string | undefined => {
    const texts = nodes.map(part);
    return texts.includes(undefined) ? undefined : texts.join(separator);
  };
  switch (node.kind) {
    case 'paren':
      return part(node.inner);
    case 'name':
      return canonicalName(node.name);
    case 'selector':
      return node.operand.kind === 'name' ? `${node.operand.name}.${node.name}` : undefined;
    case 'index': {
      const parameters = list(node.indexes, ',');
      const generic = typeText(program, node.operand, home);
      return parameters === undefined || generic === undefined ? undefined : `${generic}[${parameters}]`;
    }
    case 'map-type': {
      const parts = [part(node.key), part(node.element)];
      return parts.includes(undefined) ? undefined : `map[${parts[0]}]${parts[1]}`;
    }
    case 'chan-type': {
      const element = part(node.element);
      const prefix = { both: 'chan', send: 'chan<-', receive: '<-chan' }[node.direction];
      return element === undefined ? undefined : `${prefix} ${element}`;
    }
    case 'func-type': {
      const parameters = list(node.parameters, ', ');
      const results = list(node.results, ', ');
      if (parameters === undefined || results === undefined) return undefined;
      const tail =
        node.results.length === 0 ? '' : node.results.length === 1 ? ` ${results}` : ` (${results})`;
      return `func(${parameters})${tail}`;
    }
    case 'braced-type':
      return node.text;
    default:
      return undefined;
  }
}
