import type { Arch } from '../../arch/index.ts';
import type { LinkedAddress, SectionOffset } from '../../base/index.ts';
import { evaluateExpression, type FunctionInfo, type Type, type VariableInfo } from '../../image/index.ts';
import { targetOf } from '../values/shapes.ts';
import { type Assignment, assignCall, type RegisterPiece } from './abi-internal.ts';

/** A function that is called; `info` is its DWARF. */
export interface CalledFunction {
  readonly info: FunctionInfo | undefined;
  readonly entry: LinkedAddress;
  /** Of Go: 26 of go1.26. */
  readonly minor: number;
  /** Written in assembly. */
  readonly assembly: boolean;
}

/** An argument or a result. */
export interface PassedValue {
  readonly name: string;
  readonly type: Type;
  /** Where it is as the function is entered, or as it returns; undefined: nothing says so for sure. */
  readonly place: Assignment | undefined;
}

export interface PassedValues {
  readonly parameters: readonly PassedValue[];
  readonly results: readonly PassedValue[];
}

/** Why there is no value where `place` is undefined. */
export const UNKNOWN_PLACE = 'nothing says where it is passed';

/** Dictionaries of generic functions begin with a point: they are no arguments of the user's. */
export const isHidden = (name: string): boolean => name.startsWith('.');

/** Parameters without a name are in DWARF since go1.22, as `~p0` (cmd/compile/internal/noder/reader.go, funcargs). */
const FIRST_WITH_ALL_PARAMETERS = 22;
/** Since go1.20 (cmd/compile/internal/noder/reader.go, shapeSig) a receiver stands before the dictionary. */
const FIRST_WITH_DICTIONARY_SECOND = 20;
const DICTIONARY = '.dict';
/** All is passed to these on the stack: `//go:cgo_unsafe_args` (cmd/cgo/out.go; cmd/compile/internal/ssagen/abi.go). */
const OF_CGO = /\._C2?func_/;
const WORD = 8;

const WORD_TYPE: Type = {
  kind: 'int',
  signed: false,
  name: 'uintptr',
  size: WORD,
  offset: -1 as SectionOffset,
  runtimeType: undefined,
  fromC: false,
};

interface Named {
  readonly name: string;
  readonly type: Type;
}

/** What one way of passing means for a function, and what DWARF says to that. */
interface Candidate {
  readonly parameters: readonly Judged[];
  readonly results: readonly Judged[];
}

interface Judged extends Named {
  readonly place: Assignment;
  readonly verdict: Verdict;
}

/** `open`: DWARF does not say where it is when the function is entered. */
type Verdict = 'confirmed' | 'open' | 'contradicted';

/**
 * Where a call's values are. The calling convention says where what is passed goes, but DWARF does not tell of all that
 * is passed: not of dictionaries, nor, before go1.22, of what has no name, nor of cgo's functions that everything is
 * passed to on the stack (//go:cgo_unsafe_args). So each way of passing is held against the places that DWARF has for
 * the first instruction; without one that agrees, these places are all that is known.
 */
export function passedValues(arch: Arch, called: CalledFunction): PassedValues {
  const { info, minor, assembly } = called;
  const name = info?.name ?? '';
  const variables = info?.variables ?? [];
  const inputs = declared(variables, 'parameter');
  const outputs = declared(variables, 'result');
  const judge = new Judge(arch, called.entry, variables);
  const ways = assembly
    ? [{ inputs, assembly }]
    : [
        ...(OF_CGO.test(name) ? [{ inputs, assembly: true }] : []),
        ...withDictionary(inputs, name, minor).map((each) => ({ inputs: each, assembly })),
      ];
  for (const way of ways) {
    const candidate = judge.candidate(way.inputs, outputs, way.assembly);
    const all = [...candidate.parameters, ...candidate.results];
    if (all.some(({ verdict }) => verdict === 'contradicted')) continue;
    return minor >= FIRST_WITH_ALL_PARAMETERS ? candidate : certain(candidate);
  }
  const { results } = judge.candidate(inputs, outputs, assembly);
  return {
    parameters: inputs.map((each) => ({ ...each, place: judge.said(each) })),
    // Whatever is passed, results begin anew with the registers.
    results: results.map((each) => ({
      ...each,
      place: each.place.kind === 'stack' ? undefined : each.place,
    })),
  };
}

/** Something without a name may be passed before any value behind which DWARF confirms none. */
function certain({ parameters, results }: Candidate): PassedValues {
  const confirmed = new Set<RegisterClass>();
  const passed: PassedValue[] = [];
  for (const { name, type, place, verdict } of [...parameters].reverse()) {
    const classes = classesOf(place);
    if (verdict === 'confirmed') for (const each of classes) confirmed.add(each);
    const sure = verdict === 'confirmed' || classes.every((each) => confirmed.has(each));
    passed.unshift({ name, type, place: sure ? place : undefined });
  }
  const stack = confirmed.has('stack') || results.some(({ verdict }) => verdict === 'confirmed');
  return {
    parameters: passed,
    results: results.map((each) => ({
      ...each,
      place: each.place.kind === 'registers' || stack ? each.place : undefined,
    })),
  };
}

type RegisterClass = 'integers' | 'floats' | 'stack';

const classesOf = (place: Assignment): readonly RegisterClass[] =>
  place.kind === 'stack'
    ? ['stack']
    : place.pieces.map(({ register }) => (/^(xmm|v)\d/.test(register) ? 'floats' : 'integers'));

/** What code that is for several types takes besides, the likeliest first: `F[go.shape.int]`, `(*T[go.shape.int]).M`. */
function withDictionary(
  inputs: readonly Named[],
  name: string,
  minor: number,
): readonly (readonly Named[])[] {
  if (!name.includes('go.shape.') || inputs.some((each) => each.name === DICTIONARY)) return [inputs];
  const at = (index: number): readonly Named[] => [
    ...inputs.slice(0, index),
    { name: DICTIONARY, type: WORD_TYPE },
    ...inputs.slice(index),
  ];
  const behind = name.slice(name.lastIndexOf(']') + 1);
  if (behind === '') return [at(0), inputs];
  // The closures of such a function have it among what they captured.
  const isMethod = /^\)?\.[^.]+$/.test(behind) && !/^\.(func|gowrap|deferwrap)\d/.test(behind);
  if (!isMethod) return [inputs];
  return minor >= FIRST_WITH_DICTIONARY_SECOND ? [at(1), at(0), inputs] : [at(0), at(1), inputs];
}

/** The location of an escaped variable holds a pointer to it; what is passed is the value. One that was split is there twice. */
function declared(variables: readonly VariableInfo[], role: VariableInfo['role']): Named[] {
  const own = variables.filter((each) => each.role === role && each.closureOffset === undefined);
  return own
    .filter(({ name }, i) => name === '_' || own.findIndex((other) => other.name === name) === i)
    .map(({ name, type, escaped }) => ({ name, type: escaped ? (targetOf(type) ?? type) : type }));
}

/** Where frames stand while locations are asked for. */
const FRAME = 2 ** 40;

/** Holds places against DWARF. */
class Judge {
  readonly #arch: Arch;
  readonly #entry: LinkedAddress;
  readonly #variables: readonly VariableInfo[];

  constructor(arch: Arch, entry: LinkedAddress, variables: readonly VariableInfo[]) {
    this.#arch = arch;
    this.#entry = entry;
    this.#variables = variables;
  }

  candidate(inputs: readonly Named[], outputs: readonly Named[], assembly: boolean): Candidate {
    const types = (list: readonly Named[]): Type[] => list.map(({ type }) => type);
    const signature = { parameters: types(inputs), results: types(outputs) };
    const places = assignCall(this.#arch.name, signature, assembly);
    const judged = (list: readonly Named[], of: readonly Assignment[]): Judged[] =>
      list.map((each, i) => ({ ...each, place: of[i]!, verdict: this.#verdict(each, of[i]!) }));
    return { parameters: judged(inputs, places.parameters), results: judged(outputs, places.results) };
  }

  /** Where DWARF has it when the function is entered, if that is where it is passed. */
  said(value: Named): Assignment | undefined {
    const found = this.#said(value);
    // What is in memory then may have been put there from a register that is not known.
    return found?.kind === 'registers' && found.whole ? found : undefined;
  }

  #verdict(value: Named, place: Assignment): Verdict {
    const said = this.#said(value);
    if (said === undefined || value.type.size === 0) return 'open';
    if (said.kind === 'registers') return agrees(said, place) ? 'confirmed' : 'contradicted';
    // Below the frame address: among the function's own variables.
    if (said.offset < 0) return 'open';
    return said.offset === (place.kind === 'stack' ? place.offset : place.home)
      ? 'confirmed'
      : 'contradicted';
  }

  #said({ name, type }: Named): Said | undefined {
    const variable = this.#variables.find((each) => each.name === name && !each.escaped);
    const location = variable?.locationAt(this.#entry);
    if (name === '_' || location?.kind !== 'expression') return undefined;
    const pieces = evaluateExpression(location.expression, {
      register: () => undefined,
      cfa: () => FRAME,
      frameBase: () => FRAME,
      read: () => undefined,
      toRuntime: (linked) => linked,
      unit: location.unit,
    });
    return onStack(pieces) ?? this.#inRegisters(pieces, type);
  }

  #inRegisters(pieces: ReturnType<typeof evaluateExpression>, type: Type): Said | undefined {
    const registers: RegisterPiece[] = [];
    let offset = 0;
    let whole = true;
    for (const piece of pieces) {
      const size = piece.size ?? type.size;
      if (piece.kind === 'register') {
        const register = this.#arch.registerByDwarf(piece.register)?.name;
        if (register === undefined) return undefined;
        registers.push({ register, offset, size });
        // Padding, or a part that nobody uses.
      } else if (piece.kind === 'missing') whole = false;
      else return undefined;
      offset += size;
    }
    if (registers.length === 0) return undefined;
    return { kind: 'registers', pieces: registers, home: undefined, whole: whole && offset === type.size };
  }
}

/** In one place, of which it may be told word by word. */
function onStack(pieces: ReturnType<typeof evaluateExpression>): Said | undefined {
  let start: number | undefined;
  let offset = 0;
  for (const piece of pieces) {
    if (piece.kind === 'memory') {
      start ??= piece.address - offset;
      if (piece.address !== start + offset) return undefined;
    } else if (piece.kind !== 'missing') return undefined;
    offset += piece.size ?? 0;
  }
  return start === undefined ? undefined : { kind: 'stack', offset: start - FRAME };
}

type Said =
  | Extract<Assignment, { kind: 'stack' }>
  | (Extract<Assignment, { kind: 'registers' }> & {
      /** It says so of every byte. */
      readonly whole: boolean;
    });

function agrees({ pieces, whole }: Extract<Said, { kind: 'registers' }>, place: Assignment): boolean {
  if (place.kind === 'stack') return false;
  const names = place.pieces.map(({ register }) => register);
  if (whole) return names.join() === pieces.map(({ register }) => register).join();
  return pieces.every(({ register }) => names.includes(register));
}
