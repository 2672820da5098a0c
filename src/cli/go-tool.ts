import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../base/index.ts';

/** Commands of the go tool that run the program that they have built, as a child. */
const RUNNING = new Set(['run', 'test']);
/** Flags in front of the command that have a value behind them (cmd/go/main.go). */
const WITH_VALUE = new Set(['-C', '--C']);
/** What it runs to build: the compiler and the linker, C's, version control. */
const TOOL =
  /\/pkg\/tool\/|\/(go|git|hg|pkg-config|[\w.-]*(gcc|g\+\+|cc|clang|ld|as|cc1|cc1plus|collect2)(-[\d.]+)?)$/;
const MOST_COMMAND = 60;

/** A process, and why it is not the one that was named, if so. */
export interface MeantProcess {
  readonly pid: number;
  readonly instead: string | undefined;
}

/** Who names `go run` means the program that it runs. Throws a UserError if there is none, or more than one. */
export function meantProcess(pid: number): MeantProcess {
  const command = goCommand(pid);
  if (command === undefined) return { pid, instead: undefined };
  const programs = childrenOf(pid).filter((child) => {
    const executable = executableOf(child);
    return executable !== undefined && !TOOL.test(executable);
  });
  const [program] = programs;
  if (program === undefined)
    throw new UserError(
      `process ${pid} is the go tool (${command}), whose program does not run yet`,
      'once it has been built, -p takes the same process, or that of the program',
    );
  if (programs.length > 1)
    throw new UserError(
      `process ${pid} is the go tool (${command}), which runs several programs`,
      `-p takes one of them: ${programs.join(', ')}`,
    );
  return {
    pid: program,
    instead: `process ${pid} is the go tool (${command}): its program is process ${program}`,
  };
}

/** `go run ./app`, if a process is that. */
function goCommand(pid: number): string | undefined {
  if (path.basename(executableOf(pid) ?? '') !== 'go') return undefined;
  const [, ...words] = fileOf(pid, 'cmdline').split('\0').slice(0, -1);
  const at = words.findIndex((word, i) => !word.startsWith('-') && !WITH_VALUE.has(words[i - 1] ?? ''));
  if (!RUNNING.has(words[at] ?? '')) return undefined;
  const text = ['go', ...words].join(' ');
  return text.length > MOST_COMMAND ? `${text.slice(0, MOST_COMMAND)}…` : text;
}

function childrenOf(pid: number): number[] {
  const threads = orNothing(() => readdirSync(`/proc/${pid}/task`)) ?? [];
  return threads.flatMap((thread) =>
    fileOf(pid, `task/${thread}/children`)
      .split(' ')
      .filter((word) => word !== '')
      .map(Number),
  );
}

const executableOf = (pid: number): string | undefined =>
  orNothing(() => readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, ''));

const fileOf = (pid: number, name: string): string =>
  orNothing(() => readFileSync(`/proc/${pid}/${name}`, 'utf8')) ?? '';

/** Processes end, and not all may be looked at: who attaches to them says so. */
function orNothing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return undefined;
  }
}
