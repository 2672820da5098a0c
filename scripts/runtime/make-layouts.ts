/**
 * Makes the table by which stripped binaries (-s -w) are read: struct layouts and wait reasons of each minor version
 * of Go. A tiny program that uses what the runtime has is built with every toolchain, for amd64 and arm64, and its
 * DWARF is read with our own reader. Toolchains are named as arguments, or are the ones below; GOTOOLCHAIN fetches
 * them.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { decodeText, linkedAddress } from '../../src/base/index.ts';
import { FileSource } from '../../src/engine/files/file-source.ts';
import { nodePlatform } from '../../src/engine/files/node-platform.ts';
import { goMinor } from '../../src/golang/go-version.ts';
import type { StructFacts } from '../../src/golang/runtime-facts/form.ts';
import { dwarfLayouts } from '../../src/golang/runtime-facts/layouts.ts';
import * as scheduling from '../../src/golang/runtime-facts/scheduling.ts';
import * as structs from '../../src/golang/runtime-facts/structs.ts';
import { ClassicMap } from '../../src/golang/runtime-facts/values.ts';
import { type Image, openImage } from '../../src/image/index.ts';

const TOOLCHAINS = ['1.19.13', '1.20.14', '1.21.13', '1.22.12', '1.23.5', '1.24.13', '1.25.5', '1.26.8'];
const TARGET = 'src/golang/runtime-facts/known-layouts.ts';
const FOLDER = path.resolve('.cache/runtime-layouts');

const PROGRAM = `package main

import (
	"context"
	"net"
	"os"
	"runtime/pprof"
	"sync"
	"time"
)

var (
	m  sync.Mutex
	rw sync.RWMutex
	wg sync.WaitGroup
	c  = sync.NewCond(&m)
)

func main() {
	pprof.Do(context.Background(), pprof.Labels("k", "v"), func(context.Context) {
		go rw.Lock()
		go rw.RLock()
		go wg.Wait()
		go c.Wait()
		l, err := net.Listen("tcp", os.Args[0])
		if err == nil {
			l.Accept()
		}
		time.Sleep(time.Second)
		panic(recover())
	})
}
`;

function build(toolchain: string, arch: string): string {
  const output = path.join(FOLDER, `layouts-${toolchain}-${arch}`);
  writeFileSync(path.join(FOLDER, 'main.go'), PROGRAM);
  const env = { ...process.env, GOTOOLCHAIN: `go${toolchain}`, GOARCH: arch, CGO_ENABLED: '0', GOFLAGS: '' };
  execFileSync('go', ['build', '-o', output, 'main.go'], { cwd: FOLDER, env, stdio: 'inherit' });
  return output;
}

/** Several facts may be about one struct, each with the fields that somebody asks for. */
function describe(image: Image, facts: readonly StructFacts[]): string | undefined {
  const offsets = new Map<string, number>();
  let size: number | undefined;
  for (const each of facts) {
    const measured = image.debugInfo && dwarfLayouts(image.debugInfo).measure(each);
    if (measured === undefined) return undefined;
    size = measured.size;
    for (const [key, offset] of Object.entries(measured.offsets)) {
      if (offset === undefined) continue;
      const other = offsets.get(key);
      if (other !== undefined && other !== offset)
        throw new Error(`${each.names[0]} has two fields that are called ${key} here`);
      offsets.set(key, offset);
    }
  }
  return [size, ...[...offsets].map(([key, offset]) => `${key}=${offset}`)].join(' ');
}

/** The texts of runtime.waitReasonStrings: string headers in data that the linker has filled in. */
function waitReasons(image: Image): string {
  const array = image.debugInfo?.globalNamed('runtime.waitReasonStrings');
  if (array?.type.kind !== 'array') throw new Error('no runtime.waitReasonStrings');
  const texts: string[] = [];
  for (let i = 0; i < array.type.length; i++) {
    const header = image.bytesAt(linkedAddress(array.address + i * 16), 16);
    const view = new DataView(header.buffer, header.byteOffset, 16);
    const data = Number(view.getBigUint64(0, true));
    const length = Number(view.getBigUint64(8, true));
    texts.push(decodeText(image.bytesAt(linkedAddress(data), length)));
  }
  return texts.join('|');
}

/** One line per layout and range of versions that have it. */
function ranges(byMinor: ReadonlyMap<number, string>): string[] {
  const lines: { first: number; last: number; text: string }[] = [];
  for (const [minor, text] of [...byMinor].sort(([a], [b]) => a - b)) {
    const last = lines.at(-1);
    if (last?.text === text && last.last === minor - 1) last.last = minor;
    else lines.push({ first: minor, last: minor, text });
  }
  return lines.map(({ first, last, text }) => `${first}-${last} ${text}`);
}

/** Struct and architecture (`*`: both) → layout by minor version. */
type Table = Map<string, Map<number, string>>;

function note(
  table: Table,
  minor: number,
  name: string,
  texts: Readonly<Record<'amd64' | 'arm64', string>>,
): void {
  const entries = texts.amd64 === texts.arm64 ? [['*', texts.amd64] as const] : Object.entries(texts);
  for (const [arch, text] of entries) {
    const key = `${name} ${arch}`;
    if (!table.has(key)) table.set(key, new Map());
    table.get(key)!.set(minor, text);
  }
}

function factsByStruct(): Map<string, StructFacts[]> {
  const byName = new Map<string, StructFacts[]>();
  for (const facts of [...Object.values(structs), ...Object.values(scheduling), ClassicMap]) {
    const name = facts.names[0]!;
    byName.set(name, [...(byName.get(name) ?? []), facts]);
  }
  return byName;
}

function measure(toolchain: string, table: Table, reasons: Map<number, string>): void {
  const minor = goMinor(`go${toolchain}`)!;
  const amd64 = openImage(FileSource.open(build(toolchain, 'amd64')), nodePlatform);
  const arm64 = openImage(FileSource.open(build(toolchain, 'arm64')), nodePlatform);
  for (const [name, facts] of factsByStruct()) {
    const texts = { amd64: describe(amd64, facts), arm64: describe(arm64, facts) };
    if (texts.amd64 === undefined || texts.arm64 === undefined) console.log(`go1.${minor}: no ${name}`);
    else note(table, minor, name, { amd64: texts.amd64, arm64: texts.arm64 });
  }
  reasons.set(minor, waitReasons(amd64));
}

mkdirSync(FOLDER, { recursive: true });
const toolchains = process.argv.slice(2).length > 0 ? process.argv.slice(2) : TOOLCHAINS;
const layouts: Table = new Map();
const reasons = new Map<number, string>();
for (const toolchain of toolchains) measure(toolchain, layouts, reasons);
const layoutLines = [...layouts].flatMap(([name, byMinor]) =>
  ranges(byMinor).map((line) => `${name} ${line}`),
);
writeFileSync(
  TARGET,
  `/**
 * Layouts of the runtime's structs by minor version of Go, for binaries that have lost their DWARF. Made by
 * \`node scripts/make-runtime-layouts.js\` from the DWARF of programs built with Go
 * ${toolchains.join(', ')}, for amd64 and arm64. Not to be edited.
 * A line: struct, architecture (* for both), first-last minor version, size, offsets by field.
 */
export const KNOWN_LAYOUTS = \`
${layoutLines.join('\n')}
\`;

/** Texts of runtime.waitReasonStrings: first-last minor version, then the texts in order. */
export const KNOWN_WAIT_REASONS = \`
${ranges(reasons).join('\n')}
\`;
`,
);
console.log(`${TARGET}: ${layoutLines.length} layouts`);
