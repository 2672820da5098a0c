import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { MattockError, UserError } from '../base/index.ts';
import type { Host, NewFile } from '../commands/index.ts';
import { NamedWhenWhole } from './files/new-file.ts';
import type { Progress } from './session-client.ts';

/** What was written may hold the program's memory: nobody else may read it. */
const PRIVATE = 0o600;
const MOST_SOURCE_BYTES = 16 << 20;
const KEPT_SOURCES = 64;

export interface NodeHostOptions {
  readonly settingsFile: string | undefined;
  readonly cancelled: () => boolean;
  readonly progress: Progress;
}

export function nodeHost({ settingsFile, cancelled, progress }: NodeHostOptions): Host {
  const sources = new Map<string, KeptSource>();
  return {
    cancelled,
    progress,
    editor: process.env.DELVE_EDITOR || process.env.EDITOR || undefined,
    readSource(path) {
      const version = versionOf(path);
      if (version === undefined) return undefined;
      const kept = sources.get(path);
      if (kept?.version === version) return kept.text;
      if (sources.size >= KEPT_SOURCES) sources.clear();
      const text = readIfThere(path);
      sources.set(path, { version, text });
      return text;
    },
    readCommandFile: (path) => files(() => readFileSync(expandHome(path), 'utf8')),
    saveSettings(text) {
      if (settingsFile === undefined) throw new UserError('there is no settings file');
      files(() => {
        mkdirSync(dirname(settingsFile), { recursive: true });
        writeFileSync(settingsFile, text);
      });
      return settingsFile;
    },
    startTranscript(path, truncate) {
      files(() => {
        writeFileSync(expandHome(path), '', { flag: truncate ? 'w' : 'a', mode: PRIVATE });
        if (truncate) chmodSync(expandHome(path), PRIVATE);
      });
    },
    appendTranscript(path, text) {
      files(() => appendFileSync(expandHome(path), text, { mode: PRIVATE }));
    },
    createFile: (path, replace) => newFile(resolve(expandHome(path)), replace),
    filesBeginning,
  };
}

export function newFile(path: string, replace: boolean): NewFile {
  const file = files(() => new NamedWhenWhole(path, replace));
  return {
    path,
    begin: (size) => files(() => file.begin(size)),
    write: (bytes) => files(() => file.write(bytes)),
    skip: (length) => files(() => file.skip(length)),
    finish: () => files(() => file.finish()),
    discard: () => files(() => file.discard()),
  };
}

/** A source file as it was: people edit while they debug. */
interface KeptSource {
  readonly version: string;
  readonly text: string | undefined;
}

/** Changes with the file; undefined where there is none, or none that anybody would read. */
function versionOf(path: string): string | undefined {
  try {
    const facts = statSync(path);
    if (!facts.isFile() || facts.size > MOST_SOURCE_BYTES) return undefined;
    return `${facts.mtimeMs} ${facts.ino} ${facts.size}`;
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  }
}

/** Files of the user that cannot be read or written are told with what the system says of them. */
export function files<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof MattockError || !isSystemError(error)) throw error;
    throw new UserError(failureText(error));
  }
}

const FAILURES: Readonly<Record<string, (path: string) => string>> = {
  ENOENT: (path) => `there is no such file or folder: ${path}`,
  EACCES: (path) => `${path} may not be used: permission denied`,
  EISDIR: (path) => `${path} is a folder`,
  ENOTDIR: (path) => `${path} leads through what is no folder`,
};

function failureText({ code = '', path, message }: NodeJS.ErrnoException): string {
  const words = path === undefined ? undefined : FAILURES[code]?.(path);
  return words ?? message.replace(/^[A-Z]+: /, '');
}

export const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && 'code' in error && 'syscall' in error;

export const expandHome = (path: string): string =>
  path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path;

function filesBeginning(path: string): readonly string[] {
  const expanded = expandHome(path);
  const folder = expanded.endsWith('/') ? expanded : dirname(expanded);
  const beginning = expanded.endsWith('/') ? '' : basename(expanded);
  const typedFolder = path.slice(0, path.length - (path.endsWith('/') ? 0 : beginning.length));
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter(
        ({ name }) => name.startsWith(beginning) && (beginning.startsWith('.') || !name.startsWith('.')),
      )
      .map((entry) => `${typedFolder}${entry.name}${entry.isDirectory() ? '/' : ''}`);
  } catch (error) {
    if (isSystemError(error)) return [];
    throw error;
  }
}
