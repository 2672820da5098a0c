import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { projectRoot } from './project.ts';

/** A program under `test/fixtures/`, and how it is used: its `fixture.json`. */
export interface Fixture {
  readonly name: string;
  readonly folder: string;
  /** What it is a test of. */
  readonly why: string;
  readonly language: 'go' | 'c';
  /** `crash`: it ends itself. `wait`: it prints `ready` and waits to be ended or dumped. */
  readonly end: 'crash' | 'wait';
  /** The oldest Go that compiles it, `1.19`. */
  readonly go: string;
  readonly cgo: boolean;
  readonly gomaxprocs: number;
  /** Values of its one argument, each a crash of its own; empty: it takes none. */
  readonly variants: readonly string[];
  /** False where there is nothing to compare with Delve. */
  readonly compare: boolean;
  /** Expressions to evaluate in the innermost frame of a function, on whichever goroutine has one. */
  readonly evaluate: readonly { readonly in: string; readonly expressions: readonly string[] }[];
}

export const fixturesFolder = path.join(projectRoot, 'test/fixtures');

export function fixtureNames(): string[] {
  return readdirSync(fixturesFolder).filter((name) =>
    existsSync(path.join(fixturesFolder, name, 'fixture.json')),
  );
}

export function fixture(name: string): Fixture {
  const folder = path.join(fixturesFolder, name);
  const declared = JSON.parse(readFileSync(path.join(folder, 'fixture.json'), 'utf8')) as Partial<Fixture>;
  if (declared.why === undefined) throw new Error(`test/fixtures/${name}/fixture.json does not say why`);
  return {
    language: 'go',
    end: 'crash',
    go: '1.19',
    cgo: false,
    gomaxprocs: 2,
    variants: [],
    compare: true,
    evaluate: [],
    ...declared,
    why: declared.why,
    name,
    folder,
  };
}
