import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import path from 'node:path';
import { type Fixture, fixture } from './fixture.ts';
import { buildGo, hasToolchain } from './go-build.ts';
import { cacheFolder } from './project.ts';
import { compareVersions, hasProgram, installedGo, run } from './tools.ts';

/** One way of building a fixture. What is not named is Go's own default, with the installed Go. */
export interface Build {
  readonly fixture: string;
  /** `1.19.13`, by GOTOOLCHAIN; the installed Go if not named. */
  readonly toolchain?: string;
  readonly flags?: 'opt' | 'noopt';
  readonly pie?: boolean;
  readonly cgo?: boolean;
  readonly stripped?: boolean;
  readonly arch?: 'amd64' | 'arm64';
}

/** Why this machine cannot make the build; undefined: it can. */
export function missingForBuild(build: Build): string | undefined {
  const source = fixture(build.fixture);
  if (source.language === 'c') return hasProgram('gcc') ? undefined : 'gcc is not installed';
  const version = build.toolchain ?? installedGo();
  if (version === undefined) return 'go is not installed';
  if (compareVersions(version, source.go) < 0) return `${source.name} needs Go ${source.go}, not ${version}`;
  if (
    build.toolchain !== undefined &&
    build.toolchain !== installedGo() &&
    !hasToolchain(`go${build.toolchain}`)
  )
    return `Go ${build.toolchain} is not to be had by GOTOOLCHAIN`;
  if (usesCgo(build, source) && build.arch === 'arm64') return 'no cross compiler for cgo on arm64';
  if (usesCgo(build, source) && !hasProgram('gcc')) return 'gcc is not installed';
  return undefined;
}

/** A short name of the build for tables: `1.26.8 noopt pie`. */
export function buildLabel(build: Build): string {
  const parts = [build.toolchain ?? installedGo() ?? 'no go', build.flags ?? 'opt'];
  if (build.pie) parts.push('pie');
  if (build.cgo) parts.push('cgo');
  if (build.stripped) parts.push('stripped');
  if (build.arch === 'arm64') parts.push('arm64');
  return parts.join(' ');
}

/** Builds once per source and way; the folder is for what belongs to this build, such as its cores. */
export function builtFixture(build: Build): { readonly executable: string; readonly folder: string } {
  const missing = missingForBuild(build);
  if (missing !== undefined) throw new Error(missing);
  const source = fixture(build.fixture);
  const executable = source.language === 'c' ? builtC(source) : builtGo(build, source);
  const folder = path.join(cacheFolder, 'fixtures', path.basename(executable));
  mkdirSync(folder, { recursive: true });
  return { executable, folder };
}

function builtC(source: Fixture): string {
  const main = path.join(source.folder, 'main.c');
  const hash = createHash('sha256').update(readFileSync(main)).digest('hex').slice(0, 16);
  const executable = path.join(cacheFolder, 'go-build', `${source.name}-${hash}`);
  if (existsSync(executable)) return executable;
  mkdirSync(path.dirname(executable), { recursive: true });
  const unfinished = `${executable}.${process.pid}.tmp`;
  run('gcc', ['-g', '-O1', '-pthread', '-o', unfinished, main]);
  renameSync(unfinished, executable);
  return executable;
}

function builtGo(build: Build, source: Fixture): string {
  const flags: string[] = [];
  if (build.flags === 'noopt') flags.push('-gcflags=all=-N -l');
  if (build.pie) flags.push('-buildmode=pie');
  if (build.stripped) flags.push('-ldflags=-s -w');
  const other = build.toolchain !== undefined && build.toolchain !== installedGo();
  return buildGo({
    source: source.folder,
    ...(other ? { toolchain: `go${build.toolchain}` } : {}),
    flags,
    env: {
      GOWORK: 'off',
      CGO_ENABLED: usesCgo(build, source) ? '1' : '0',
      ...(build.arch === undefined ? {} : { GOARCH: build.arch }),
    },
  });
}

function usesCgo(build: Build, source: Fixture): boolean {
  return source.cgo || build.cgo === true;
}
