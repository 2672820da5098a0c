import { describe, expect, it } from 'vitest';
import { runtimeAddress } from '../../base/index.ts';
import type { Target } from '../../target/index.ts';
import { CodeMap } from '../code/code-map.ts';
import { GoProgram } from '../go-program.ts';
import { findGoRuntime } from '../go-runtime.ts';
import { pointersIn } from '../pointer-words.ts';
import { type CoreRequest, fixtureProgram, goroutineIn, missingForCore } from '../testing/fixture-program.ts';
import { GoroutineWords } from './goroutine-words.ts';

const BUILDS: readonly Omit<CoreRequest, 'fixture'>[] = [
  {},
  { flags: 'noopt' },
  { toolchain: '1.22.12' },
  { toolchain: '1.19.13', flags: 'noopt' },
  { arch: 'arm64' },
];

function goOf(target: Target): GoProgram {
  const { arch, memory, modules } = target;
  return new GoProgram(findGoRuntime(target)!, { arch, memory, modules, code: new CodeMap(target) });
}

describe.each(BUILDS)('the live words of a stack, built %j', (build) => {
  const request = { fixture: 'live-words', ...build };
  const missing = missingForCore(request);
  it.skipIf(missing !== undefined)('are those that the collector would follow', async () => {
    const { program } = await fixtureProgram(request);
    const go = goOf(program.target);
    const { memory } = go.runtime;
    const words = new GoroutineWords(go);
    const noted = (name: string): number[] => {
      const at = go.runtime.image.symbols.byName(`main.${name}`)!.address + go.runtime.module.bias;
      return [0, 8].map((offset) => memory.uint64(runtimeAddress(at + offset)));
    };
    const of = (name: string): Set<number> => {
      const found = new Set<number>();
      words.of(goroutineIn(program, `main.${name}`).address, (word) => found.add(word));
      return found;
    };
    const locals = of('locals');
    expect(locals).toContain(noted('kept')[0]);
    expect(locals).not.toContain(noted('dropped')[0]);
    const { address } = goroutineIn(program, 'main.locals');
    const left: number[] = [];
    pointersIn(
      memory,
      go.fields.word(address, go.fields.layout.schedSp),
      go.fields.word(address, go.fields.layout.stackHigh),
      (word) => left.push(word),
    );
    expect(left).toContain(noted('dropped')[0]);
    expect(of('object')).toContain(noted('boxed')[0]);
    expect(of('arguments')).toContain(noted('last')[0]);
    const captured = [...of('deferring')].map(
      (word) => memory.tryRead(runtimeAddress(word + 8), 8) && memory.uint64(runtimeAddress(word + 8)),
    );
    expect(captured).toContain(noted('deferredCell')[0]);
    const spinning = [...program.goroutines()].filter((goroutine) =>
      program.stackOf(goroutine, 20).frames.some((frame) => frame.function === 'main.spin'),
    );
    expect(spinning).toHaveLength(2);
    const spun = new Set<number>();
    for (const { address } of spinning) words.of(address, (word) => spun.add(word));
    for (const cell of noted('spun')) expect(spun).toContain(cell);
  });
});
