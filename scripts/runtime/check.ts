/**
 * npm run check:runtime [-- go1.22.12 …]
 *
 * Looks up every assumption of src/golang/runtime-facts in the sources of the installed Go, and of the toolchains that
 * are named (GOTOOLCHAIN fetches them): struct fields with their shapes, constants, variables, functions, and lines of
 * assembly. Fails if one does not hold.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { goMinor } from '../../src/golang/go-version.ts';
import * as collector from '../../src/golang/runtime-facts/collector.ts';
import { constantFacts } from '../../src/golang/runtime-facts/constants.ts';
import type { FieldFacts, FieldShape, StructFacts } from '../../src/golang/runtime-facts/form.ts';
import { assemblyFacts, ROLES } from '../../src/golang/runtime-facts/functions.ts';
import * as globals from '../../src/golang/runtime-facts/globals.ts';
import * as scheduling from '../../src/golang/runtime-facts/scheduling.ts';
import * as structs from '../../src/golang/runtime-facts/structs.ts';
import * as values from '../../src/golang/runtime-facts/values.ts';
import { GoPackage } from './go-source.ts';

interface Result {
  readonly what: string;
  /** undefined: it holds. */
  readonly problem: string | undefined;
}

const SHAPES: Readonly<Record<string, FieldShape>> = {
  bool: 'bool',
  int8: 'int8',
  uint8: 'uint8',
  byte: 'uint8',
  uint16: 'uint16',
  int32: 'int32',
  uint32: 'uint32',
  int64: 'int64',
  int: 'int64',
  uint64: 'uint64',
  uint: 'uint64',
  uintptr: 'word',
  'unsafe.Pointer': 'word',
  string: 'string',
  any: 'interface',
};

class Sources {
  readonly #root: string;
  readonly #packages = new Map<string, GoPackage | undefined>();

  constructor(root: string) {
    this.#root = root;
  }

  package(name: string): GoPackage | undefined {
    if (!this.#packages.has(name)) this.#packages.set(name, GoPackage.read(this.#root, name));
    return this.#packages.get(name);
  }

  has(file: string, line: string): boolean {
    try {
      return readFileSync(path.join(this.#root, file), 'utf8').includes(line);
    } catch {
      return false;
    }
  }

  /** The shape at the end of a path from a type, or undefined where there is no such field. */
  shapeAt(packageName: string, type: string, steps: readonly string[]): FieldShape | undefined {
    const text = type.trim();
    if (steps.length === 0) {
      if (text.startsWith('[]')) return 'slice';
      if (text.startsWith('[') || text.startsWith('struct')) return 'inline';
      if (text.startsWith('*') || text.startsWith('func')) return 'word';
      if (SHAPES[text] !== undefined) return SHAPES[text];
    }
    const named = this.#resolve(packageName, text.replace(/\[.*\]$/, ''));
    if (named === undefined) return undefined;
    const { home, found } = named;
    if ('other' in found) return this.shapeAt(home, found.other, steps);
    if (steps.length === 0) return 'inline';
    const field = found.fields.find(({ name }) => name === steps[0]);
    return field && this.shapeAt(home, field.type, steps.slice(1));
  }

  #resolve(packageName: string, type: string) {
    if (!/^\w+(\.\w+)?$/.test(type) || type.startsWith('unsafe.')) return undefined;
    const [qualifier, name] = type.includes('.') ? (type.split('.') as [string, string]) : [undefined, type];
    const home = qualifier === undefined ? packageName : this.package(packageName)?.imports.get(qualifier);
    const found = home === undefined ? undefined : this.package(home)?.type(name);
    return home === undefined || found === undefined ? undefined : { home, found };
  }
}

const holdsFor = (
  range: { since?: number | undefined; until?: number | undefined },
  minor: number,
): boolean => (range.since ?? 0) <= minor && minor <= (range.until ?? Infinity);

const structFacts: readonly StructFacts[] = [
  ...Object.values(structs),
  ...Object.values(scheduling),
  ...Object.values(collector),
  ...Object.values(values),
].filter((facts) => typeof facts === 'object' && 'fields' in facts);

function checkStruct(sources: Sources, facts: StructFacts, minor: number): Result[] {
  const home = facts.names
    .map((name) => ({
      name,
      packageName: name.slice(0, name.lastIndexOf('.')),
      type: name.slice(name.lastIndexOf('.') + 1),
    }))
    .find(({ packageName, type }) => {
      const found = sources.package(packageName)?.type(type);
      return found !== undefined && 'fields' in found;
    });
  if (home === undefined) return [{ what: facts.names.join(' or '), problem: 'there is no such struct' }];
  return Object.values(facts.fields)
    .filter((field) => holdsFor(field, minor))
    .map((field) => ({
      what: `${home.name} ${field.paths.join(' or ')}`,
      problem: fieldProblem(sources, home.packageName, home.type, field),
    }));
}

function fieldProblem(
  sources: Sources,
  packageName: string,
  type: string,
  field: FieldFacts,
): string | undefined {
  for (const fieldPath of field.paths) {
    const shape = sources.shapeAt(packageName, type, fieldPath.split('.'));
    if (shape === undefined) continue;
    const same =
      shape === field.shape || field.shape === 'inline' || signless(shape) === signless(field.shape);
    return same ? undefined : `is ${shape}, not ${field.shape}`;
  }
  return 'there is no such field';
}

/** Ids and times have changed their sign, never their width: they are far below 2^53. */
const signless = (shape: FieldShape): string => shape.replace(/^u?int64$/, '64 bits');

function check(sources: Sources, minor: number): Result[] {
  const runtime = sources.package('runtime')!;
  const results: Result[] = structFacts
    .filter((facts) => holdsFor(facts, minor))
    .flatMap((facts) => checkStruct(sources, facts, minor));
  for (const facts of [...constantFacts, ...values.valueConstants].filter((f) => holdsFor(f, minor))) {
    const value = sources.package(facts.folder)?.constant(facts.name);
    const problem = value === undefined ? 'there is no such constant' : `is ${value}, not ${facts.value}`;
    results.push({
      what: `${facts.folder}.${facts.name} = ${facts.value}`,
      problem: value === facts.value ? undefined : problem,
    });
  }
  for (const facts of Object.values(globals).filter((f) => holdsFor(f, minor))) {
    const known = runtime.hasVariable(facts.name.slice('runtime.'.length));
    results.push({ what: `var ${facts.name}`, problem: known ? undefined : 'there is no such variable' });
  }
  for (const [role, ...names] of ROLES) {
    const known = names.some((name) => {
      const packageName = name.includes('.') ? name.slice(0, name.indexOf('.')) : 'runtime/cgo';
      return sources.package(packageName)?.hasFunction(name.slice(name.indexOf('.') + 1));
    });
    results.push({
      what: `func ${names.join(' or ')} (${role})`,
      problem: known ? undefined : 'there is no such function',
    });
  }
  for (const facts of assemblyFacts.filter((f) => holdsFor(f, minor))) {
    const known = sources.has(facts.file, facts.line);
    results.push({
      what: `${facts.file}: ${facts.line}`,
      problem: known ? undefined : 'there is no such line',
    });
  }
  return results;
}

function environment(toolchain: string | undefined): { version: string; root: string } {
  const env = { ...process.env, ...(toolchain === undefined ? {} : { GOTOOLCHAIN: toolchain }) };
  const [version, root] = execFileSync('go', ['env', 'GOVERSION', 'GOROOT'], { env, encoding: 'utf8' }).split(
    '\n',
  );
  return { version: version!, root: root! };
}

let failed = 0;
for (const toolchain of [undefined, ...process.argv.slice(2)]) {
  const { version, root } = environment(toolchain);
  const minor = goMinor(version);
  if (minor === undefined) throw new Error(`cannot tell the version of ${version}`);
  const results = check(new Sources(path.join(root, 'src')), minor);
  const problems = results.filter(({ problem }) => problem !== undefined);
  for (const { what, problem } of problems) console.log(`missing  ${version}  ${what}: ${problem}`);
  console.log(
    `${version}: ${results.length - problems.length} of ${results.length} assumptions hold (${root})`,
  );
  failed += problems.length;
}
process.exitCode = failed === 0 ? 0 : 1;
