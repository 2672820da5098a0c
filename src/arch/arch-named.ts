import { amd64 } from './amd64.ts';
import type { Arch, ArchName } from './arch.ts';
import { arm64 } from './arm64.ts';

const arches: Readonly<Record<ArchName, Arch>> = { amd64, arm64 };

export function archNamed(name: ArchName): Arch {
  return arches[name];
}
