import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { buildGo } from '../../../test/support/go-build.ts';
import { linkedAddress } from '../../base/index.ts';
import { TestFile, testPlatform } from '../../base/testing/platform.ts';
import type { DebugInfo, FunctionInfo, PcRange } from '../debug-info.ts';
import { openImage } from '../open-image.ts';
import { readLineHeader } from './line-header.ts';
import { ROW, runLineProgram } from './line-rows.ts';
import { Sections } from './sections.ts';
import { PROGRAMS } from './testing/programs.ts';
import { Units } from './units.ts';

/** What Go's own debug/dwarf reads: see testing/oracle/main.go. */
const accounts = new Map<string, string[]>();
function accountOf(binary: string): string[] {
  let lines = accounts.get(binary);
  if (lines === undefined) {
    const oracle = buildGo({ source: 'src/image/dwarf/testing/oracle', env: { CGO_ENABLED: '0' } });
    lines = execFileSync(oracle, [binary], { encoding: 'utf8', maxBuffer: 1 << 28 })
      .trimEnd()
      .split('\n');
    accounts.set(binary, lines);
  }
  return lines;
}

const inHex = (ranges: readonly PcRange[]) =>
  ranges.map(({ from, to }) => `${from.toString(16)}-${to.toString(16)}`).join(',');

/** A function in the oracle's words; types only where Go's compiler wrote them. */
function described(info: FunctionInfo, indent: string): string[] {
  const lines: string[] = [];
  for (const variable of info.variables) {
    const role = variable.role === 'parameter' ? 'param' : variable.role;
    const name = `${variable.escaped ? '&' : ''}${variable.name}`;
    const type = info.unit.language === 'go' ? ` ${variable.type.name}` : '';
    lines.push(`${indent}${'.'.repeat(variable.depth)}${role} ${name}${type}`);
  }
  for (const inner of info.inlined) {
    lines.push(`${indent}inline ${inner.name} ${inHex(inner.ranges)}`, ...described(inner, `${indent}  `));
  }
  return lines;
}

/** Functions of the oracle's account: the line, what is below it, and the language of their unit. */
function* functionsOf(
  account: readonly string[],
  info: DebugInfo,
): Generator<{ lines: string[]; isGo: boolean }> {
  let isGo = false;
  let lines: string[] = [];
  const languages = info.units().map((unit) => unit.language === 'go');
  let unit = -1;
  for (const line of [...account, 'end']) {
    if (line.startsWith('  ')) {
      lines.push(isGo ? line : line.replace(/^(\s+\.*(?:param|result|local) \S+).*/, '$1'));
      continue;
    }
    if (lines.length > 0) yield { lines, isGo };
    lines = line.startsWith('func ') ? [line] : [];
    if (line.startsWith('unit ')) isGo = languages[++unit]!;
  }
}

describe.each(PROGRAMS)('$name', (program) => {
  describe.skipIf(!program.available)('reads as debug/dwarf does', () => {
    const binary = program.available ? program.build() : '';
    const open = () => openImage(new TestFile(binary), testPlatform);

    it('units and their code', () => {
      const units = open()
        .debugInfo!.units()
        .map((unit) => `unit ${unit.name} ${inHex(unit.ranges)}`);
      const wanted = accountOf(binary).filter((line) => line.startsWith('unit '));
      expect(units).toEqual(wanted);
    });

    it('functions, variables and inlined calls', () => {
      const info = open().debugInfo!;
      let compared = 0;
      let inlined = 0;
      let seen = 0;
      for (const { lines } of functionsOf(accountOf(binary), info)) {
        if (seen++ % 3 !== 0) continue;
        const [, name, ranges] = /^func (.*) (\S+)$/.exec(lines[0]!)!;
        const from = Number.parseInt(ranges!, 16);
        const found = info.functionAt(linkedAddress(from))!;
        // Functions of no size, and C functions of the same address, are one.
        if (found.name !== name && info.units().some((unit) => unit.language === 'c')) continue;
        expect([`func ${found.name} ${inHex(found.ranges)}`, ...described(found, '  ')]).toEqual(lines);
        compared++;
        inlined += found.inlined.length;
      }
      expect(compared).toBeGreaterThan(400);
      if (!program.name.startsWith('unopt')) expect(inlined).toBeGreaterThan(200);
    });

    it('functions by their bytes as by an index', () => {
      const image = open();
      const byName = image.debugInfo!;
      let compared = 0;
      let seen = 0;
      for (const { lines } of functionsOf(accountOf(binary), byName)) {
        if (seen++ % 7 !== 0) continue;
        const from = linkedAddress(Number.parseInt(/(\S+)$/.exec(lines[0]!)![1]!, 16));
        const index = image.functions!.find(from);
        if (index < 0 || image.functions!.entry(index) !== from) continue;
        const found = byName.functionAt(from);
        expect(found!.ranges[0]!.from).toBe(from);
        compared++;
      }
      expect(compared).toBeGreaterThan(100);
    });

    it('types and variables', () => {
      const info = open().debugInfo!;
      let types = 0;
      let globals = 0;
      for (const line of accountOf(binary)) {
        const global = /^global (\S+) ([0-9a-f]+) (.*)$/.exec(line);
        if (global !== null) {
          const found = info.globalNamed(global[1]!)!;
          if (found.unit.language !== 'go') continue;
          expect(`global ${found.name} ${found.address.toString(16)} ${found.type.name}`).toBe(line);
          globals++;
        }
        const match = /^type (.*?) (\d+) (\S+@.*|)$/.exec(line);
        if (match === null || ++types % 3 !== 0) continue;
        const found = info.typeNamed(match[1]!);
        // A C type of the name of a Go type stays in its shadow.
        if (found === undefined || found.fromC || /[{}]/.test(match[1]!)) continue;
        const members =
          found.kind === 'struct'
            ? found.fields.map((f) => `${f.name}@${f.offset}:${f.type.name}`).join(',')
            : undefined;
        if (found.size !== Number(match[2]) && info.units().some((unit) => unit.language === 'c')) continue;
        expect(`type ${found.name} ${found.size} ${members ?? match[3]}`).toBe(line);
      }
      expect(types).toBeGreaterThan(500);
      expect(globals).toBeGreaterThan(100);
    });

    it('runtime types, which stand in the program’s memory and are as large', () => {
      const image = open();
      const info = image.debugInfo!;
      let compared = 0;
      for (const name of info.typeNames()) {
        const type = info.typeNamed(name)!;
        if (type.runtimeType === undefined || compared > 400) continue;
        // At first by their bytes, then by an index.
        expect(info.typeOfRuntimeType(type.runtimeType)).toBe(type);
        const stored = image.bytesAt(type.runtimeType, 8);
        // internal/abi.Type begins with its size.
        expect(new DataView(stored.buffer, stored.byteOffset).getUint32(0, true), name).toBe(type.size);
        compared++;
      }
      expect(compared).toBeGreaterThan(300);
      expect(info.typeOfRuntimeType(linkedAddress(info.typeNamed('int')!.runtimeType! + 1))).toBeUndefined();
    });

    it('constants by their type as by their names', () => {
      const info = open().debugInfo!;
      const byName = info.constantNames().flatMap((name) => {
        const constant = name.startsWith('runtime.') ? info.constantNamed(name)! : undefined;
        return constant?.type.name === 'runtime.waitReason' ? [`${name} ${constant.value}`] : [];
      });
      const byType = info.constantsOfType('runtime.waitReason').map(({ name, value }) => `${name} ${value}`);
      expect(byType.sort()).toEqual(byName.sort());
      expect(byType.length).toBeGreaterThan(20);
      expect(info.constantsOfType('main.Frame')).toEqual([]);
    });

    it('rows of line tables', () => {
      const image = open();
      const sections = new Sections({
        file: binary,
        pointerSize: 8,
        section: (name) => image.sectionBytes(name),
        typesBase: () => undefined,
      });
      const rows: string[] = [];
      for (const unit of new Units(sections).all) {
        if (unit.lineOffset === undefined) continue;
        const table = runLineProgram(sections, readLineHeader(sections, unit.lineOffset));
        let sum = 0;
        for (let row = 0; row < table.count; row++) {
          if ((table.flags[row]! & (ROW.statement | ROW.endSequence)) !== ROW.statement) continue;
          sum += (table.addresses[row]! % 65536) * table.lines[row]!;
        }
        rows.push(`rows ${unit.name} ${table.count} ${sum}`);
      }
      expect(rows).toEqual(accountOf(binary).filter((line) => line.startsWith('rows ')));
    });
  });
});
