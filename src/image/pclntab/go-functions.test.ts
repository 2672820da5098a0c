import { describe, expect, it } from 'vitest';
import { goTool } from '../../../test/support/go-build.ts';
import { linkedAddress } from '../../base/index.ts';
import { TestFile, testPlatform } from '../../base/testing/platform.ts';
import type { FunctionTable } from '../function-table.ts';
import type { Image } from '../image.ts';
import { openImage } from '../open-image.ts';
import { buildSample, builtSince, runSample, SAMPLE_BUILDS } from '../testing/builds.ts';
import { funcIdName } from './func-ids.ts';

const open = (path: string): Image => openImage(new TestFile(path), testPlatform);

/** `main.generic[go.shape.int]` as the runtime prints it; nm writes some middle dots as dots. */
const printed = (name: string) => name.replace(/\[.*\]/, '[...]').replaceAll('·', '.');

/** Every 50th function's entry and some places inside it. */
function samplePcs(functions: FunctionTable): number[] {
  const pcs: number[] = [];
  for (let i = 0; i < functions.count; i += 50) {
    const [from, to] = [functions.entry(i), functions.end(i)];
    for (const pc of [from, from + 4, from + 20, from + 64]) if (pc < to) pcs.push(pc);
  }
  return pcs;
}

describe.each(SAMPLE_BUILDS)('functions of $name', (build) => {
  describe.skipIf(!build.available)('read', () => {
    const binary = build.available ? buildSample(build) : '';
    const image = () => open(binary);
    const functions = () => image().functions!;

    it.skipIf(build.kind === 'stripped')('has the entries and names that go tool nm prints', () => {
      const table = functions();
      const wanted = new Map<number, Set<string>>();
      for (const line of goTool(build.toolchain, ['nm', '-n', binary]).split('\n')) {
        const [, address, type, name] = /^\s*([0-9a-f]+) ([A-Za-z]) (.*)$/.exec(line) ?? [];
        if (type?.toLowerCase() !== 't') continue;
        const at = Number.parseInt(address!, 16);
        wanted.set(at, (wanted.get(at) ?? new Set()).add(name!.replace(/\.abi\w+$/, '')));
      }
      let compared = 0;
      for (let i = 0; i < table.count; i++) {
        const names = wanted.get(table.entry(i));
        if (names === undefined) continue;
        expect([...names].map(printed)).toContain(printed(table.name(i).replace(/\.abi\w+$/, '')));
        compared++;
      }
      // nm leaves out what has no symbol; nearly everything has one.
      expect(compared).toBeGreaterThan(table.count * 0.95);
      expect(table.count).toBeGreaterThan(1000);
    });

    // addr2line takes section .text for the beginning of Go's text, and cannot read PIE in Go 1.19.
    const readable = build.kind !== 'external' && (build.kind !== 'pie' || builtSince(build, '1.20'));
    it.skipIf(!readable)('agrees with go tool addr2line', () => {
      const table = functions();
      const pcs = samplePcs(table);
      const input = pcs.map((pc) => `0x${pc.toString(16)}\n`).join('');
      const lines = goTool(build.toolchain, ['addr2line', binary], input).split('\n');
      let compared = 0;
      pcs.forEach((pc, i) => {
        const [name, position] = [lines[2 * i]!, lines[2 * i + 1]!];
        const ours = table.position(linkedAddress(pc));
        if (position === '?:0' || position === ':-1') return;
        expect(printed(table.name(table.find(linkedAddress(pc))))).toBe(printed(name));
        expect(`${ours?.file}:${ours?.line}`, `at ${pc.toString(16)} in ${name}`).toBe(position);
        compared++;
      });
      expect(compared).toBeGreaterThan(50);
    });

    it('expands inlined calls as the program itself does', (context) => {
      const account = runSample(build, binary);
      if (account === undefined) return context.skip('this machine cannot run it');
      const table = functions();
      const main = table.entry(table.byName('main.main')[0]!);
      const bias = account.Main - main;
      let inlinings = 0;
      for (const { PCs, Frames } of account.Stacks) {
        let frame = 0;
        for (const [i, returnAddress] of PCs.entries()) {
          const pc = linkedAddress(returnAddress - 1 - bias);
          const found = table.inlining(pc)!;
          const outer = { name: table.name(table.find(pc)), position: found.outer };
          const ours = [...found.inlined, outer].map((f) => ({
            Function: printed(f.name),
            File: f.position.file,
            Line: f.position.line,
          }));
          if (PCs.length === Frames.length) frame = i;
          expect(ours).toEqual(Frames.slice(frame, frame + ours.length));
          frame += ours.length;
          inlinings += found.inlined.length;
        }
        expect(frame).toBe(Frames.length);
      }
      expect(inlinings).toBeGreaterThan(5);
    });

    it('finds functions by name and by pc', () => {
      const table = functions();
      const [main, ...others] = table.byName('main.main');
      expect(others).toEqual([]);
      expect(table.name(main!)).toBe('main.main');
      const [entry, end] = [table.entry(main!), table.end(main!)];
      expect(table.find(entry)).toBe(main);
      expect(table.find(linkedAddress(end - 1))).toBe(main);
      expect(table.find(linkedAddress(entry - 1))).toBe(main! - 1);
      expect(table.find(linkedAddress(0))).toBe(-1);
      expect(table.find(table.end(table.count - 1))).toBe(-1);
      expect(table.find(linkedAddress(2 ** 47))).toBe(-1);
      expect(table.find(linkedAddress(Number.NaN))).toBe(-1);
      expect(table.byName('main.mai')).toEqual([]);
      expect(table.byName('ain.main')).toEqual([]);
      expect(table.byName('')).toEqual([]);
    });

    it('knows what a stack walk must know', () => {
      const table = functions();
      const traits = (name: string) => table.traits(table.byName(name)[0]!);
      const version = image().buildInfo!.goVersion;
      expect(traits('runtime.goexit')).toMatchObject({ topFrame: true, assembly: true });
      expect(traits('main.main')).toMatchObject({
        topFrame: false,
        assembly: false,
        writesSp: false,
        funcId: 0,
      });
      expect(traits('runtime.systemstack')).toMatchObject({ assembly: true, writesSp: true });
      for (const name of ['goexit', 'gopanic', 'mstart', 'morestack', 'sigpanic', 'systemstack', 'rt0_go']) {
        expect(funcIdName(version, traits(`runtime.${name}`).funcId), name).toBe(name);
      }
      expect(funcIdName(version, traits('runtime.main').funcId)).toBe('runtime_main');
      expect(funcIdName(version, traits('runtime.deferreturn').funcId)).toBe('wrapper');

      const [withDefer] = table.byName('main.withDefer');
      const { deferReturn } = table.traits(withDefer!);
      expect(table.find(linkedAddress(deferReturn))).toBe(withDefer);
      expect(traits('main.capture').deferReturn).toBe(0);
    });

    it('knows how deep the stack is', () => {
      const table = functions();
      const entry = table.entry(table.byName('main.main')[0]!);
      expect(table.spDelta(entry)).toBe(0);
      const deltas = new Set<number | undefined>();
      for (let pc: number = entry; pc < entry + 200; pc += 4) deltas.add(table.spDelta(linkedAddress(pc)));
      expect(deltas.size).toBeGreaterThan(1);
      for (const delta of deltas) expect(delta! % 8).toBe(0);
      expect(table.spDelta(linkedAddress(16))).toBeUndefined();
    });

    it('has start lines since Go 1.20, pcdata and funcdata', () => {
      const table = functions();
      const [capture] = table.byName('main.capture');
      const position = table.position(table.entry(capture!));
      expect(position?.file.endsWith('sample/main.go')).toBe(true);
      const line = table.startLine(capture!);
      expect(line).toBe(builtSince(build, '1.20') ? position!.line : 0);
      // PCDATA_UnsafePoint is -1 where a goroutine may be preempted, FUNCDATA_LocalsPointerMaps is in read-only data.
      const values = new Set<number | undefined>();
      for (let pc: number = table.entry(capture!); pc < table.end(capture!); pc++) {
        values.add(table.pcdata(linkedAddress(pc), 0));
      }
      expect(values).toContain(-2);
      const locals = table.funcdata(capture!, 1)!;
      const segment = image().segments.find((s) => locals >= s.address && locals < s.address + s.memorySize);
      expect(segment?.executable).toBe(false);
      expect(table.funcdata(capture!, 99)).toBeUndefined();
      expect(table.pcdata(table.entry(capture!), 99)).toBeUndefined();
    });

    it('lists the source files, each once', () => {
      const files = functions().files();
      expect(new Set(files).size).toBe(files.length);
      expect(files.filter((file) => file.endsWith('sample/main.go'))).toHaveLength(1);
      expect(files.some((file) => file.endsWith('/runtime/proc.go'))).toBe(true);
    });
  });
});

describe('reading functions', () => {
  it('reads a small part of the file to answer for a pc', () => {
    const file = new TestFile(buildSample({ toolchain: undefined, kind: 'plain' }));
    const table = openImage(file, testPlatform).functions!;
    expect(file.bytesRead).toBeLessThan(64 * 1024);
    // Between functions there is padding, which has no position.
    const entry = table.entry(table.find(linkedAddress(table.textStart + 5000)));
    expect(table.position(entry)).toBeDefined();
    expect(file.bytesRead).toBeLessThan(file.size / 4);
  });
});
