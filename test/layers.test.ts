import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectRoot } from './support/project.ts';

// A rule that matches nothing passes for ever: these plant a violation of each kind in a small house that has the
// project's own rules, and expect it to be found.

interface Report {
  readonly summary: {
    readonly totalCruised: number;
    readonly violations: readonly { readonly rule: { readonly name: string }; readonly from: string }[];
  };
}

let house: string;

beforeAll(() => {
  house = mkdtempSync(path.join(tmpdir(), 'mattock-house-'));
  for (const file of ['.dependency-cruiser.cjs', 'tsconfig.json', 'package.json'])
    cpSync(path.join(projectRoot, file), path.join(house, file));
  write('base/index.ts', 'export const one = 1;\n');
  write('image/index.ts', "import { one } from '../base/index.ts';\nexport const two = one + 1;\n");
  write('cli/index.ts', "import { two } from '../image/index.ts';\nexport const three = two + 1;\n");
});

afterAll(() => rmSync(house, { recursive: true, force: true }));

describe('the layer rules', () => {
  it('accept a house in order', () => {
    const { summary } = cruise(house);
    expect(summary.violations).toEqual([]);
    expect(summary.totalCruised).toBe(3);
  });

  it('find an import of a layer above', () => {
    expect(planted('base/upward.ts', "export { three } from '../cli/index.ts';\n")).toContain(
      'base-looks-down-only',
    );
  });

  it('find a type imported from a layer above', () => {
    write('cli/shape.ts', 'export interface Shape { readonly x: number }\n');
    const source = "import type { Shape } from '../cli/shape.ts';\nexport type Same = Shape;\n";
    expect(planted('image/upward-type.ts', source)).toContain('image-looks-down-only');
    rmSync(path.join(house, 'src/cli/shape.ts'));
  });

  it('find node:* in a layer that runs in a browser too', () => {
    const source = "import { readFileSync } from 'node:fs';\nexport const read = readFileSync;\n";
    expect(planted('image/reads-files.ts', source)).toContain('any-platform');
    expect(planted('cli/reads-files.ts', source)).not.toContain('any-platform');
  });

  it('find a circle', () => {
    write(
      'base/left.ts',
      "import { right } from './right.ts';\nexport const left = (): number => right();\n",
    );
    const source = "import { left } from './left.ts';\nexport const right = (): number => left();\n";
    expect(planted('base/right.ts', source)).toContain('no-circles');
    rmSync(path.join(house, 'src/base/left.ts'));
  });

  it('see every source file of the project', () => {
    const files = readdirSync(path.join(projectRoot, 'src'), { recursive: true, encoding: 'utf8' });
    const sources = files.filter((file) => file.endsWith('.ts'));
    expect(cruise(projectRoot).summary.totalCruised).toBeGreaterThanOrEqual(sources.length);
  });
});

function write(file: string, source: string): void {
  const full = path.join(house, 'src', file);
  mkdirSync(path.dirname(full), { recursive: true });
  writeFileSync(full, source);
}

/** Names of the rules that the project's check reports for a file that is there only now. */
function planted(file: string, source: string): string[] {
  write(file, source);
  const { violations } = cruise(house).summary;
  rmSync(path.join(house, 'src', file));
  return violations.map((violation) => violation.rule.name);
}

function cruise(folder: string): Report {
  const program = path.join(projectRoot, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const args = [program, 'src', '--config', '.dependency-cruiser.cjs', '--output-type', 'json'];
  const ran = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (ran.stdout === '') throw new Error(`dependency-cruiser did not run: ${ran.stderr}`);
  return JSON.parse(ran.stdout) as Report;
}
