/**
 * Reads as much of Go's syntax as struct types, constants, package variables and functions need, textually: one package
 * folder at a time, the files that a linux/amd64 build takes. Not read: build constraints in comments, generics'
 * constraints, expressions beyond integers and iota.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export interface GoField {
  readonly name: string;
  readonly type: string;
}

const OTHER_PLATFORM =
  /_(windows|darwin|freebsd|netbsd|openbsd|dragonfly|solaris|aix|plan9|js|wasip1|wasm|386|arm|arm64|mips\w*|ppc64\w*|s390x|riscv64|loong64|android|ios|illumos)\.(go|s)$/;

/** One package's sources without comments. */
export class GoPackage {
  readonly #text: string;
  readonly imports = new Map<string, string>();

  private constructor(text: string) {
    this.#text = text;
    for (const [, alias, name] of text.matchAll(/^\s*(?:import\s+)?(\w+\s+)?"([\w/.]+)"$/gm)) {
      this.imports.set(alias?.trim() ?? path.basename(name!), name!);
    }
  }

  /** undefined: there is no such package. */
  static read(root: string, name: string): GoPackage | undefined {
    const folder = path.join(root, name);
    if (!existsSync(folder)) return undefined;
    const files = readdirSync(folder).filter(
      (file) => /\.(go|s)$/.test(file) && !file.endsWith('_test.go') && !OTHER_PLATFORM.test(file),
    );
    const texts = files.map((file) => readFileSync(path.join(folder, file), 'utf8'));
    return new GoPackage(
      texts
        .filter((text) => !/^\/\/go:build ignore/m.test(text))
        .map(withoutComments)
        .join('\n'),
    );
  }

  /** What stands behind `type name`: a struct's fields, or the other type. */
  type(name: string): { readonly fields: readonly GoField[] } | { readonly other: string } | undefined {
    const declared = `${name}(?:\\[[^\\]]*\\])?\\s+(=\\s*)?(struct\\s*\\{|[\\w.*\\[\\]]+)`;
    // A line of a `type (` block looks like a field: only where nothing else declares the name.
    const match =
      new RegExp(`^type\\s+${declared}`, 'm').exec(this.#text) ??
      new RegExp(`^type \\((?:\n\t[^\n]*|\n)*?\n\t${declared}`, 'm').exec(this.#text);
    if (match === null) return undefined;
    const what = match[2]!;
    if (!what.startsWith('struct')) return { other: what };
    const start = match.index + match[0].length;
    return { fields: structFields(this.#text.slice(start, closing(this.#text, start))) };
  }

  hasFunction(name: string): boolean {
    const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    return new RegExp(
      `^func (\\([^)]*\\) )?${escaped}\\(|^TEXT\\s+(\\w+)?·?${escaped}(<[^>]*>)?\\(SB\\)`,
      'm',
    ).test(this.#text);
  }

  hasVariable(name: string): boolean {
    return new RegExp(`^(var\\s+|\\t)${name}\\s+([\\w*.\\[]|=)`, 'm').test(this.#text);
  }

  /** Value of an integer constant; undefined if it is not there. */
  constant(name: string): number | undefined {
    const single = new RegExp(`^const\\s+${name}\\b[^=\\n]*=\\s*(.+)$`, 'm').exec(this.#text);
    if (single !== null) return evaluate(single[1]!, 0);
    for (const block of this.#text.matchAll(/^const \(\n([\s\S]*?)^\)/gm)) {
      const value = constantInBlock(block[1]!, name);
      if (value !== undefined) return value;
    }
    return undefined;
  }
}

const withoutComments = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '');

/** Index of the brace that closes the block whose contents begin at `start`. */
function closing(text: string, start: number): number {
  let depth = 1;
  for (let i = start; i < text.length; i++) {
    if (text[i] === '{') depth++;
    else if (text[i] === '}' && --depth === 0) return i;
  }
  return text.length;
}

function structFields(body: string): GoField[] {
  const fields: GoField[] = [];
  let depth = 0;
  for (const line of body.split(/[\n;]/)) {
    const text = line
      .trim()
      .replace(/`[^`]*`$/, '')
      .trim();
    const outside = depth === 0;
    depth += (line.match(/\{/g) ?? []).length - (line.match(/\}/g) ?? []).length;
    if (!outside || text === '') continue;
    const embedded = /^\*?([\w]+\.)?(\w+)$/.exec(text);
    if (embedded !== null) {
      fields.push({ name: embedded[2]!, type: text });
      continue;
    }
    const match = /^((?:\w+\s*,\s*)*\w+)\s+(.+)$/.exec(text);
    if (match === null) continue;
    for (const name of match[1]!.split(/\s*,\s*/)) fields.push({ name, type: match[2]!.trim() });
  }
  return fields;
}

function constantInBlock(block: string, wanted: string): number | undefined {
  let iota = -1;
  let repeated = '';
  for (const line of block.split('\n')) {
    const match = /^\t(\w+)(?:\s+[\w.]+)?\s*(?:=\s*(.+))?$/.exec(line.trimEnd());
    if (match === null) continue;
    iota++;
    repeated = match[2] ?? repeated;
    if (match[1] === wanted) return evaluate(repeated, iota);
  }
  return undefined;
}

/** Integers, iota, parentheses and the operators of Go that are also JavaScript's. */
function evaluate(expression: string, iota: number): number | undefined {
  const text = expression.replace(/\biota\b/g, `${iota}`).trim();
  if (!/^[\dxa-fA-F\s<>()|+\-*]+$/.test(text)) return undefined;
  return Number(new Function(`return (${text})`)());
}
