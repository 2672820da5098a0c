import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { buildGo, hasToolchain } from '../../../test/support/go-build.ts';
import { compareVersions, installedGo } from '../../../test/support/tools.ts';

const SAMPLE = fileURLToPath(new URL('./sample', import.meta.url));

/** One way of building the sample. */
export interface SampleBuild {
  readonly name: string;
  readonly toolchain: string | undefined;
  readonly kind: 'plain' | 'pie' | 'stripped' | 'arm64' | 'external';
  readonly available: boolean;
}

const TOOLCHAINS = [undefined, 'go1.24.13', 'go1.22.12', 'go1.19.13'];
const KINDS: readonly SampleBuild['kind'][] = ['plain', 'pie', 'stripped', 'arm64', 'external'];

/** Linked by the system's linker, position-independent: pointers are zero in the file and stand in relocations. */
const EXTERNAL = ['-buildmode=pie', '-ldflags=-linkmode=external'];
const FLAGS: Readonly<Record<SampleBuild['kind'], readonly string[]>> = {
  plain: [],
  pie: ['-buildmode=pie'],
  stripped: ['-ldflags=-s -w'],
  arm64: [],
  external: EXTERNAL,
};

export const SAMPLE_BUILDS: readonly SampleBuild[] = TOOLCHAINS.flatMap((toolchain) => {
  const here = hasToolchain(toolchain);
  return KINDS.map((kind) => ({
    name: `${toolchain ?? 'installed Go'}, ${kind}`,
    toolchain,
    kind,
    available: here && (kind !== 'external' || (process.arch === 'x64' && hasProgram('cc'))),
  }));
});

/** Whether the Go that makes the build is at least so new: `1.20`. */
export function builtSince(build: Pick<SampleBuild, 'toolchain'>, version: string): boolean {
  return compareVersions(build.toolchain?.slice('go'.length) ?? installedGo() ?? '0', version) >= 0;
}

export function buildSample(build: Pick<SampleBuild, 'toolchain' | 'kind'>): string {
  return buildGo({
    source: SAMPLE,
    flags: FLAGS[build.kind],
    ...(build.toolchain === undefined ? {} : { toolchain: build.toolchain }),
    env: {
      GOARCH: build.kind === 'arm64' ? 'arm64' : 'amd64',
      CGO_ENABLED: build.kind === 'external' ? '1' : '0',
    },
  });
}

/** The program's own account; undefined if this machine cannot run it. */
export function runSample(build: SampleBuild, binary: string): SampleAccount | undefined {
  const native = build.kind === 'arm64' ? process.arch === 'arm64' : process.arch === 'x64';
  const emulator = build.kind === 'arm64' ? 'qemu-aarch64' : 'qemu-x86_64';
  if (!native && !hasProgram(emulator)) return undefined;
  const [program, args] = native ? [binary, []] : [emulator, [binary]];
  return JSON.parse(execFileSync(program, args, { encoding: 'utf8' }));
}

export interface SampleAccount {
  /** Where `main.main` is in the running program. */
  readonly Main: number;
  readonly Stacks: readonly {
    readonly PCs: readonly number[];
    readonly Frames: readonly { readonly Function: string; readonly File: string; readonly Line: number }[];
  }[];
}

export function hasProgram(name: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${name}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
