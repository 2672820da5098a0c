import { readFileSync } from 'node:fs';
import { type CoreRequest, coreOf, missingForCore } from '../../../test/support/cores.ts';
import { type ByteSource, BytesSource } from '../../base/index.ts';
import { testPlatform } from '../../base/testing/platform.ts';
import { openImage } from '../../image/index.ts';
import { openCore } from '../../target/index.ts';
import type { Goroutine } from '../goroutine.ts';
import { openProgram } from '../open-program.ts';
import type { Program } from '../program.ts';

export { type CoreRequest, missingForCore };

/** A core of a fixture, opened, and what the program itself printed of its goroutines as it died. */
export async function fixtureProgram(
  request: CoreRequest,
): Promise<{ readonly program: Program; readonly traceback: string }> {
  const { executable, core, traceback } = await coreOf(request);
  const read = (path: string): ByteSource => new BytesSource(path, readFileSync(path));
  const image = (source: ByteSource) => openImage(source, testPlatform);
  const source = read(executable);
  const target = openCore({
    core: read(core),
    executable: { path: executable, image: image(source), source },
    findModule: () => undefined,
    openImage: image,
    platform: testPlatform,
  });
  return { program: openProgram(target), traceback };
}

/** The goroutine on whose stack a function is; the first, where there are several. */
export function goroutineIn(program: Program, name: string): Goroutine {
  for (const goroutine of program.goroutines()) {
    if (program.stackOf(goroutine, 100).frames.some((frame) => frame.function === name)) return goroutine;
  }
  throw new Error(`no goroutine is in ${name}`);
}

/** Names of a stack's functions, innermost first. */
export const functionsOf = (program: Program, goroutine: Goroutine, depth = 1000): (string | undefined)[] =>
  program.stackOf(goroutine, depth).frames.map((frame) => frame.function);
