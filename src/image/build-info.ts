/**
 * What `go version -m` prints: the blob that the linker writes into .go.buildinfo (debug/buildinfo/buildinfo.go),
 * with both strings inline (Go ≥ 1.18) or behind pointers (before), and runtime/debug.ParseBuildInfo's text in it.
 * Lost: checksums, and what a `replace` directive put in a dependency's place.
 */
import { decodeText, type LinkedAddress, linkedAddress } from '../base/index.ts';
import type { BuildInfo } from './image.ts';

/** What reading it needs of an image. */
export interface BuildInfoSource {
  readonly sections: readonly {
    readonly name: string;
    readonly address: LinkedAddress;
    readonly size: number;
  }[];
  readonly segments: readonly {
    readonly address: LinkedAddress;
    readonly fileSize: number;
    readonly writable: boolean;
  }[];
  /** Bytes with pointers as the loader would put them. */
  relocatedBytes(address: LinkedAddress, length: number): Uint8Array;
  bytesAt(address: LinkedAddress, length: number): Uint8Array;
}

// magic [14]byte, ptrSize uint8, flags uint8, versPtr uintptr, modPtr uintptr
const MAGIC = [0xff, ...new TextEncoder().encode(' Go buildinf:')];
const HEADER_SIZE = 32;
const ALIGN = 16;
const FLAG_BIG_ENDIAN = 1;
const FLAG_INLINE = 2;
const MAX_VARINT = 10;
/** Longer than any build's; only a damaged length is. */
const MAX_TEXT = 16 * 1024 * 1024;
/** cmd/go/internal/modload frames the module text with 16 bytes on each side. */
const FRAME = 16;
/** The linker puts the blob first in the data segment: as far as a file without sections is searched. */
const SEARCH_SIZE = 1 << 20;

export function readBuildInfo(image: BuildInfoSource): BuildInfo | undefined {
  const address = findBlob(image);
  if (address === undefined) return undefined;
  const header = image.bytesAt(address, HEADER_SIZE);
  if (header.length < HEADER_SIZE) return undefined;
  const flags = header[15]!;
  const [goVersion, modules] =
    (flags & FLAG_INLINE) !== 0 ? inlineStrings(image, address) : pointedStrings(image, address, flags);
  if (goVersion === undefined || goVersion === '') return undefined;
  return { goVersion, ...parseModules(withoutFrame(modules ?? '')) };
}

function findBlob(image: BuildInfoSource): LinkedAddress | undefined {
  const section = image.sections.find((s) => s.name === '.go.buildinfo');
  if (section !== undefined) return searchMagic(image, section.address, section.size);
  for (const segment of image.segments) {
    if (!segment.writable || segment.fileSize === 0) continue;
    const found = searchMagic(image, segment.address, segment.fileSize);
    if (found !== undefined) return found;
  }
  return undefined;
}

function searchMagic(image: BuildInfoSource, start: LinkedAddress, size: number): LinkedAddress | undefined {
  const bytes = image.bytesAt(start, Math.min(size, SEARCH_SIZE));
  const first = (ALIGN - (start % ALIGN)) % ALIGN;
  for (let at = first; at + HEADER_SIZE <= bytes.length; at += ALIGN) {
    if (MAGIC.every((byte, i) => bytes[at + i] === byte)) return linkedAddress(start + at);
  }
  return undefined;
}

function inlineStrings(image: BuildInfoSource, address: LinkedAddress): (string | undefined)[] {
  const version = lengthPrefixed(image, address + HEADER_SIZE);
  const modules = version && lengthPrefixed(image, version.end);
  return [version?.text, modules?.text];
}

function lengthPrefixed(image: BuildInfoSource, address: number): { text: string; end: number } | undefined {
  const bytes = image.bytesAt(linkedAddress(address), MAX_VARINT);
  let length = 0;
  let scale = 1;
  for (let i = 0; i < bytes.length; i++) {
    length += (bytes[i]! & 0x7f) * scale;
    scale *= 128;
    if (bytes[i]! >= 0x80) continue;
    const start = address + i + 1;
    const text = textAt(image, start, length);
    return text === undefined ? undefined : { text, end: start + length };
  }
  return undefined;
}

/** Go < 1.18: each pointer is to a string header {data uintptr, length int}. */
function pointedStrings(
  image: BuildInfoSource,
  address: LinkedAddress,
  flags: number,
): (string | undefined)[] {
  if ((flags & FLAG_BIG_ENDIAN) !== 0) return [];
  const pointers = words(image.relocatedBytes(linkedAddress(address + 16), 16));
  return pointers.map((pointer) => {
    const [data, length] = words(image.relocatedBytes(linkedAddress(pointer), 16));
    return data === undefined || length === undefined ? undefined : textAt(image, data, length);
  });
}

function words(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const all: number[] = [];
  for (let at = 0; at + 8 <= bytes.length; at += 8) all.push(Number(view.getBigUint64(at, true)));
  return all;
}

function textAt(image: BuildInfoSource, address: number, length: number): string | undefined {
  if (length > MAX_TEXT) return undefined;
  const bytes = image.bytesAt(linkedAddress(address), length);
  return bytes.length === length ? decodeText(bytes) : undefined;
}

/** The frame's bytes are no text; between its halves are lines, of which the last ends before the second half. */
function withoutFrame(modules: string): string {
  const start = modules.search(/(?:path|mod|dep|build)\t/);
  const end = modules.lastIndexOf('\n');
  return start < 0 || end < start || start > FRAME ? '' : modules.slice(start, end);
}

/** Lines of tab-separated fields: `path`, `mod`, `dep`, `=>`, `build key=value`. */
function parseModules(text: string): Omit<BuildInfo, 'goVersion'> {
  let path: string | undefined;
  let mainModule: BuildInfo['mainModule'];
  const dependencies: { path: string; version: string }[] = [];
  const settings = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [kind, first = '', second = ''] = line.split('\t');
    if (kind === 'path') path = first;
    else if (kind === 'mod') mainModule = { path: first, version: second };
    else if (kind === 'dep') dependencies.push({ path: first, version: second });
    else if (kind === 'build') addSetting(settings, line.slice('build\t'.length));
  }
  return { path, mainModule, dependencies, settings };
}

/** `key=value`; either may be quoted as Go's strconv.Quote does. */
function addSetting(settings: Map<string, string>, setting: string): void {
  const match = /^("(?:[^"\\]|\\.)*"|[^=]*)=(.*)$/.exec(setting);
  if (match !== null) settings.set(unquote(match[1]!), unquote(match[2]!));
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
};

function unquote(text: string): string {
  if (text.startsWith('`') && text.endsWith('`') && text.length > 1) return text.slice(1, -1);
  if (!text.startsWith('"') || !text.endsWith('"') || text.length < 2) return text;
  return text
    .slice(1, -1)
    .replace(/\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)/g, (_, sequence: string) =>
      sequence.length > 1
        ? String.fromCharCode(Number.parseInt(sequence.slice(1), 16))
        : (ESCAPES[sequence] ?? sequence),
    );
}
