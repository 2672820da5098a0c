import type { ByteSource, Platform, RuntimeAddress } from '../../base/index.ts';
import { runtimeAddress } from '../../base/index.ts';
import type { Image } from '../../image/index.ts';
import { AT, executableModule, libraryModule } from '../core/core-modules.ts';
import { type FindModule, type ModuleFile, ModuleFiles } from '../core/module-files.ts';
import { Module } from '../module.ts';
import { ModuleList } from '../module-list.ts';
import type { ModuleMap } from '../target.ts';
import type { ProcessMemory } from './live-memory.ts';
import type { ProcRegion } from './proc-maps.ts';

export interface ModuleSetting {
  readonly executable: ModuleFile;
  readonly findModule: FindModule;
  readonly openImage: (source: ByteSource) => Image;
  readonly platform: Platform;
}

/** The binaries that a process has mapped, looked at again after it has run. Modules that stay are the same objects. */
export class LiveModules implements ModuleMap {
  readonly #setting: ModuleSetting;
  readonly #memory: ProcessMemory;
  #auxv: ReadonlyMap<number, number>;
  readonly #files: ModuleFiles;
  #main: Module;
  #list: ModuleList;
  /** By path and start. */
  #libraries = new Map<string, Module>();
  #stale: boolean;
  /** Only what is linked dynamically can load libraries. */
  #dynamic: boolean;

  constructor(
    setting: ModuleSetting,
    memory: ProcessMemory,
    auxv: ReadonlyMap<number, number>,
    warnings: string[],
  ) {
    this.#setting = setting;
    this.#memory = memory;
    this.#auxv = auxv;
    this.#files = new ModuleFiles(setting.findModule, warnings);
    const { executable } = setting;
    this.#main = mainModule(executable, auxv);
    this.#list = new ModuleList(this.#main, []);
    this.#stale = true;
    this.#dynamic = isDynamic(executable);
  }

  /** After exec: another program is in the process. */
  replace(executable: ModuleFile, auxv: ReadonlyMap<number, number>): void {
    this.#auxv = auxv;
    this.#main = mainModule(executable, auxv);
    this.#dynamic = isDynamic(executable);
    this.#libraries.clear();
    this.#list = new ModuleList(this.#main, []);
    this.#stale = true;
  }

  get all(): readonly Module[] {
    return this.#current().all;
  }

  get executable(): Module | undefined {
    return this.#main;
  }

  at(address: RuntimeAddress): Module | undefined {
    const main = this.#main;
    if (address >= main.start && address < main.end) return main;
    return this.#current().at(address);
  }

  /** The program has run: libraries may have come and gone. */
  invalidate(): void {
    if (this.#dynamic) this.#stale = true;
  }

  #current(): ModuleList {
    if (!this.#stale) return this.#list;
    this.#stale = false;
    const found = new Map<string, Module>();
    for (const [key, make] of this.#candidates()) {
      const module = this.#libraries.get(key) ?? make();
      if (module !== undefined) found.set(key, module);
    }
    const same =
      found.size === this.#libraries.size && [...found.keys()].every((key) => this.#libraries.has(key));
    if (same) return this.#list;
    this.#libraries = found;
    this.#list = new ModuleList(this.#main, [...found.values()]);
    return this.#list;
  }

  *#candidates(): Generator<readonly [string, () => Module | undefined]> {
    const groups = new Map<string, ProcRegion[]>();
    for (const region of this.#memory.procRegions) {
      if (region.pseudo === '[vdso]') yield [`[vdso]${region.start}`, () => this.#vdso(region)];
      if (region.file === undefined) continue;
      const group = groups.get(region.file);
      if (group === undefined) groups.set(region.file, [region]);
      else group.push(region);
    }
    for (const [path, group] of groups) {
      if (!group.some((region) => region.executable)) continue;
      const [first] = group;
      const end = group.at(-1)!.end;
      if (first!.start >= this.#main.start && first!.start < this.#main.end) continue;
      const file = { path, start: first!.start, end, fileOffset: first!.fileOffset, elf: undefined };
      yield [`${path}@${first!.start}`, () => libraryModule(file, this.#files)];
    }
  }

  /** The vDSO's file is its memory. */
  #vdso(region: ProcRegion): Module | undefined {
    const bytes = this.#memory.readUpTo(region.start, region.end - region.start);
    if (bytes.length < 64) return undefined;
    const source: ByteSource = {
      name: '[vdso]',
      size: bytes.length,
      read: (at, length) => bytes.subarray(at, at + length),
    };
    const image = this.#setting.openImage(source);
    const first = image.segments[0];
    const bias = region.start - (first === undefined ? 0 : first.address - first.fileOffset);
    return new Module({ path: '[vdso]', image, bias, start: region.start, end: region.end });
  }

  get auxv(): ReadonlyMap<number, number> {
    return this.#auxv;
  }

  /** Text of the executable, where instructions of all kinds are. */
  executableText(): { readonly start: RuntimeAddress; readonly end: RuntimeAddress } | undefined {
    const segment = this.#main.image?.segments.find((candidate) => candidate.executable);
    if (segment === undefined) return undefined;
    const start = this.#main.toRuntime(segment.address);
    return { start, end: runtimeAddress(start + segment.fileSize) };
  }
}

const isDynamic = ({ image }: ModuleFile): boolean => image.section('.interp') !== undefined;

function mainModule(executable: ModuleFile, auxv: ReadonlyMap<number, number>): Module {
  const entry = auxv.get(AT.ENTRY);
  const bias = entry === undefined ? 0 : entry - executable.image.entryPoint;
  return executableModule(executable.path, executable, bias);
}
