import { describe, expect, it } from 'vitest';
import { DataError, linkedAddress } from '../../base/index.ts';
import { fuzz, type Range } from '../../base/testing/mutate.ts';
import { TestFile, testPlatform } from '../../base/testing/platform.ts';
import type { DebugInfo, FunctionInfo } from '../debug-info.ts';
import { openImage } from '../open-image.ts';
import type { Type } from '../types.ts';
import { openDebugInfo } from './debug-info-reader.ts';
import { evaluateExpression } from './expression.ts';
import { DEBUG_SECTIONS, PROGRAMS, type Program } from './testing/programs.ts';

/** FUZZ_ROUNDS=1000 for a long run. */
const ROUNDS = Number(process.env.FUZZ_ROUNDS ?? 12);

/** Damage that one question stumbles over leaves the others to be asked. */
function attempt(question: () => void): number {
  try {
    question();
    return 0;
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    return 1;
  }
}

function touchType(type: Type, depth = 0): void {
  expect(typeof type.name).toBe('string');
  expect(Number.isNaN(type.size)).toBe(false);
  if (depth > 3) return;
  switch (type.kind) {
    case 'struct':
      for (const field of type.fields.slice(0, 20)) touchType(field.type, depth + 1);
      return;
    case 'pointer':
      if (type.target !== undefined) touchType(type.target, depth + 1);
      return;
    case 'slice':
    case 'array':
    case 'chan':
      touchType(type.element, depth + 1);
      return;
    case 'map':
      touchType(type.key, depth + 1);
      touchType(type.pointer, depth + 1);
      return;
    case 'func':
      for (const part of [...type.parameters, ...type.results]) touchType(part, depth + 1);
      return;
    case 'alias':
      touchType(type.underlying, depth + 1);
      return;
    case 'enum':
      expect(Array.isArray(type.values)).toBe(true);
      return;
    default:
  }
}

function touchFunction(info: FunctionInfo, pc: number): void {
  expect(info.declared === undefined || info.declared.line >= 0).toBe(true);
  for (const variable of info.variables) {
    touchType(variable.type);
    const location = variable.locationAt(linkedAddress(pc));
    if (location.kind === 'expression') {
      evaluateExpression(location.expression, {
        register: (n) => n * 8,
        cfa: () => 0x1000,
        frameBase: () => 0x1000,
        read: () => undefined,
        toRuntime: (address) => address,
        unit: location.unit,
      });
    }
    expect(Array.isArray(variable.scope)).toBe(true);
  }
  for (const inner of info.inlined) {
    expect(typeof inner.call.file).toBe('string');
    touchFunction(inner, pc);
  }
}

/** Everything that is asked of debug information, of a few places. */
function ask(info: DebugInfo, pcs: readonly number[], file: string): number {
  let errors = 0;
  for (const pc of pcs) {
    errors += attempt(() => {
      const found = info.functionAt(linkedAddress(pc));
      if (found !== undefined) touchFunction(found, pc);
    });
  }
  errors += attempt(() => info.lines.position(linkedAddress(pcs[0]!)));
  errors += attempt(() => info.lines.prologueEnd(linkedAddress(pcs[1]!)));
  errors += attempt(() => info.lines.addressesOf(file, 40));
  for (const name of ['runtime.g', '*main.Frame', '[]main.Stack', 'map[string]int', 'struct point', 'int']) {
    errors += attempt(() => {
      const type = info.typeNamed(name);
      if (type !== undefined) touchType(type);
    });
  }
  errors += attempt(() => info.globalNamed('main.stacks'));
  errors += attempt(() => info.constantNamed('main.none'));
  errors += attempt(() => info.typeOfRuntimeType(linkedAddress(0x4a0000)));
  return errors;
}

interface Subject {
  readonly sections: ReadonlyMap<string, Uint8Array>;
  readonly pcs: readonly number[];
  readonly file: string;
  /** Where damage matters to what is asked: the unit of package main, and all of small sections. */
  readonly interesting: ReadonlyMap<string, Range>;
  readonly typesBase: number | undefined;
}

function subjectOf(program: Program): Subject {
  const image = openImage(new TestFile(program.build()), testPlatform);
  const sections = new Map<string, Uint8Array>();
  for (const name of DEBUG_SECTIONS) {
    const bytes = image.sectionBytes(name);
    if (bytes !== undefined) sections.set(name, bytes);
  }
  const functions = image.functions!;
  const pcs: number[] = [];
  for (let i = 0; i < functions.count; i++) {
    if (/^(main\.|runtime\.gopark$)/.test(functions.name(i)))
      pcs.push(functions.entry(i), functions.entry(i) + 30);
  }
  const symbol = image.symbols.byName('crosscall2') ?? image.symbols.byName('call');
  if (symbol !== undefined) pcs.push(symbol.address);
  const file = functions.position(linkedAddress(pcs[0]!))!.file;
  const main = image.debugInfo!.units().find((unit) => unit.name === 'main') as unknown as {
    offset: number;
    end: number;
    lineOffset: number;
  };
  const interesting = new Map<string, Range>([
    ['.debug_info', { from: main.offset, to: main.end }],
    ['.debug_line', { from: main.lineOffset, to: main.lineOffset + 4000 }],
  ]);
  return {
    sections,
    pcs: pcs.slice(-8),
    file,
    interesting,
    typesBase: image.symbols.byName('runtime.types')?.address,
  };
}

const open = (subject: Subject, replaced: string, bytes: Uint8Array): DebugInfo | undefined =>
  openDebugInfo({
    file: 'damaged',
    pointerSize: 8,
    section: (name) => (name === replaced ? bytes : subject.sections.get(name)),
    typesBase: () => subject.typesBase,
  });

const SUBJECTS = PROGRAMS.filter(({ name }) => /^(unoptimised, go1.19|with C, installed)/.test(name));

describe.each(SUBJECTS)('damaged DWARF: $name', (program) => {
  describe.skipIf(!program.available)('gives values or errors, soon', () => {
    const subject = program.available ? subjectOf(program) : undefined!;

    it('when nothing is damaged', () => {
      const info = open(subject, '', new Uint8Array())!;
      expect(ask(info, subject.pcs, subject.file)).toBe(0);
      expect(info.lines.addressesOf(subject.file, 40).length + info.typeNames().length).toBeGreaterThan(100);
    });

    let noticed = 0;
    const present = program.available ? DEBUG_SECTIONS.filter((name) => subject.sections.has(name)) : [];
    it.each(present)('in %s', (section) => {
      const bytes = subject.sections.get(section)!;
      const range = subject.interesting.get(section);
      const outcome = fuzz(
        bytes,
        { rounds: ROUNDS, seed: 1000, ...(range === undefined ? {} : { range }) },
        (damaged) => {
          const info = open(subject, section, damaged);
          if (info !== undefined) noticed += ask(info, subject.pcs, subject.file);
        },
      );
      expect(outcome.values + outcome.errors).toBe(ROUNDS);
      noticed += outcome.errors;
    });

    it('and the damage is noticed', () => {
      expect(noticed).toBeGreaterThan(0);
    });

    it('in all names and units', () => {
      const outcome = fuzz(
        subject.sections.get('.debug_info')!,
        { rounds: Math.ceil(ROUNDS / 4), seed: 5000 },
        (damaged) => {
          const info = open(subject, '.debug_info', damaged);
          info?.globalNames();
          info?.typeNames();
          info?.constantNames();
          info?.globalAt(linkedAddress(0x500000));
        },
      );
      expect(outcome.values + outcome.errors).toBe(Math.ceil(ROUNDS / 4));
    });
  });
});
