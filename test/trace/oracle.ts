import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { cacheFolder, projectRoot } from '../support/project.ts';
import { installedGo } from '../support/tools.ts';

/** What Go says of a trace; times in nanoseconds. */
export interface OracleAnswers {
  readonly Goroutines: Readonly<Record<string, OracleGoroutine>>;
  readonly Utilisation: Readonly<Record<string, number>>;
}

export interface OracleGoroutine {
  readonly Entry: string;
  readonly Running: number;
  readonly Runnable: number;
  readonly Waiting: number;
  readonly Syscall: number;
  readonly Sum: number;
}

/**
 * The one line that internal/trace/gc.go lacks: a background worker that stops running is none until it is labelled
 * again. Without it the second run of a worker leaves its P counted as the collector's for good.
 */
const FAULT = `					ps[ev.Proc()].gc--
				}
			}
			states[g] = new`;
const MENDED = FAULT.replace('gc--\n', 'gc--\n					delete(bgMark, g)\n');

/** Undefined: this Go's gc.go is another, and its numbers cannot be compared. */
export function askGo(trace: string): OracleAnswers | undefined {
  const binary = built();
  if (binary === undefined) return undefined;
  return JSON.parse(execFileSync(binary, [trace], { encoding: 'utf8', maxBuffer: 2 ** 28 })) as OracleAnswers;
}

function built(): string | undefined {
  const root = execFileSync('go', ['env', 'GOROOT'], { encoding: 'utf8' }).trim();
  const collector = path.join(root, 'src/internal/trace/gc.go');
  const source = existsSync(collector) ? readFileSync(collector, 'utf8') : '';
  if (!source.includes(FAULT)) return undefined;
  const folder = path.join(cacheFolder, 'trace-oracle');
  const binary = path.join(folder, `oracle-${installedGo()}`);
  if (existsSync(binary)) return binary;
  mkdirSync(folder, { recursive: true });
  const mended = path.join(folder, 'gc.go');
  writeFileSync(mended, source.replace(FAULT, MENDED));
  const overlay = path.join(folder, 'overlay.json');
  const main = path.join(root, 'src/cmd/mattock-trace-oracle/main.go');
  const replace = { [main]: path.join(projectRoot, 'test/trace/oracle/main.go'), [collector]: mended };
  writeFileSync(overlay, JSON.stringify({ Replace: replace }));
  const unfinished = `${binary}.${process.pid}.tmp`;
  const args = ['build', '-overlay', overlay, '-o', unfinished, 'cmd/mattock-trace-oracle'];
  execFileSync('go', args, { cwd: path.join(root, 'src/cmd'), stdio: ['ignore', 'pipe', 'pipe'] });
  renameSync(unfinished, binary);
  return binary;
}
