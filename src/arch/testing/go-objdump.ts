import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { buildGo, goTool } from '../../../test/support/go-build.ts';
import type { ArchName, Symbolize } from '../arch.ts';

const SAMPLE = fileURLToPath(new URL('./sample', import.meta.url));

/** One function as `go tool objdump` shows it. */
export interface ObjdumpFunction {
  readonly name: string;
  readonly address: number;
  readonly bytes: Uint8Array;
  readonly lines: readonly ObjdumpLine[];
}

export interface ObjdumpLine {
  readonly address: number;
  readonly text: string;
}

export function buildSample(arch: ArchName): string {
  return buildGo({ source: SAMPLE, env: { GOARCH: arch, CGO_ENABLED: '0' } });
}

/** The 26 of go1.26, whose tools are asked. */
export function goMinorVersion(): number {
  const version = execFileSync('go', ['env', 'GOVERSION'], { encoding: 'utf8' });
  return Number(/go1\.(\d+)/.exec(version)?.[1]);
}

export function objdump(binary: string, arch: ArchName): ObjdumpFunction[] {
  const functions: ObjdumpFunction[] = [];
  for (const part of goTool(undefined, ['objdump', binary])
    .split(/^TEXT /m)
    .slice(1)) {
    const name = part.slice(0, part.indexOf('(SB)'));
    const lines: ObjdumpLine[] = [];
    const bytes: number[] = [];
    for (const [, address, code, text] of part.matchAll(/\t0x([0-9a-f]+)\t+([0-9a-f]+)\t+(.*?)\s*$/gm)) {
      lines.push({ address: Number.parseInt(address!, 16), text: text! });
      const own = Buffer.from(code!, 'hex');
      bytes.push(...(arch === 'arm64' ? own.reverse() : own));
    }
    if (lines.length > 0) {
      functions.push({ name, address: lines[0]!.address, bytes: Uint8Array.from(bytes), lines });
    }
  }
  return functions;
}

/** Looks up symbols as cmd/internal/disasm does: by address and size, without the marks at the text's ends. */
export function symbolizer(binary: string): Symbolize {
  const marks = new Set(['runtime.text', 'text', '_text', 'runtime.etext', 'etext', '_etext']);
  const symbols: { name: string; base: number; end: number }[] = [];
  for (const line of goTool(undefined, ['nm', '-size', '-n', binary]).split('\n')) {
    const match = /^\s*([0-9a-f]+)\s+(\d+)\s+([A-TV-Za-z?])\s(.*)$/.exec(line);
    if (match === null || marks.has(match[4]!)) continue;
    const base = Number.parseInt(match[1]!, 16);
    symbols.push({ name: match[4]!, base, end: base + Number(match[2]) });
  }
  return (address) => {
    let low = 0;
    let high = symbols.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (symbols[middle]!.base <= address) low = middle + 1;
      else high = middle;
    }
    const symbol = symbols[low - 1];
    return symbol !== undefined && symbol.base !== 0 && address < symbol.end ? symbol : undefined;
  };
}
