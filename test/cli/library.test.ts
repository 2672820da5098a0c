import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { coreOf, type FixtureCore } from '../support/cores.ts';
import { projectRoot } from '../support/project.ts';

/** A project of somebody else that has Mattock installed. */
const folder = mkdtempSync(path.join(os.tmpdir(), 'mattock-library-'));
let crash: FixtureCore;

beforeAll(async () => {
  crash = await coreOf({ fixture: 'nil-deref', flags: 'noopt' });
  execFileSync(process.execPath, [path.join(projectRoot, 'scripts/build.js')], { stdio: 'pipe' });
  const modules = path.join(folder, 'node_modules');
  execFileSync('mkdir', ['-p', modules]);
  symlinkSync(projectRoot, path.join(modules, 'mattock'));
  writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the package as a library', () => {
  it('opens a core and runs commands', () => {
    const program = `
      import { openCore } from 'mattock';
      const { program, run, text } = await openCore({ core: ${JSON.stringify(crash.core)} });
      const { frames } = await run('stack 3');
      console.log(JSON.stringify({
        version: program.runtime?.version,
        frames: frames.length,
        value: (await text('print 6 * 7')).trim(),
        failure: await run('print nothing').catch((error) => error.name),
      }));`;
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(JSON.parse(output)).toEqual({
      version: expect.stringMatching(/^go1\./),
      frames: 3,
      value: '42',
      failure: 'CommandError',
    });
  });

  it('has types for every layer', () => {
    writeFileSync(
      path.join(folder, 'use.ts'),
      `import { openCore } from 'mattock';
import { openImage } from 'mattock/image';
import type { Target } from 'mattock/target';
import type { Goroutine } from 'mattock/golang';
import { evaluate } from 'mattock/expr';
import { archNamed } from 'mattock/arch';
import { hex } from 'mattock/base';
import { commandTable } from 'mattock/commands';
import { openInline } from 'mattock/engine';
export const all = [openImage, evaluate, archNamed, hex, commandTable, openInline] as const;
export async function ids(core: string): Promise<Goroutine['id'][]> {
  const { program } = await openCore({ core });
  const target: Target = program.target;
  return target.threads.length === 0 ? [] : Array.from(program.goroutines(), (g) => g.id);
}
// @ts-expect-error: a core is named by its path
openCore({ core: 5 });
`,
    );
    const tsc = path.join(projectRoot, 'node_modules/typescript/bin/tsc');
    const flags = [
      '--noEmit',
      '--strict',
      '--target',
      'es2022',
      '--module',
      'nodenext',
      '--skipLibCheck',
      'false',
    ];
    const types = ['--types', 'node', '--typeRoots', path.join(projectRoot, 'node_modules/@types')];
    expect(() =>
      execFileSync(process.execPath, [tsc, ...flags, ...types, 'use.ts'], { cwd: folder, stdio: 'pipe' }),
    ).not.toThrow();
  });
});
