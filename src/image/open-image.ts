import type { ArchName } from '../arch/index.ts';
import {
  type ByteSource,
  DataError,
  type LinkedAddress,
  linkedAddress,
  type Platform,
} from '../base/index.ts';
import { readBuildInfo } from './build-info.ts';
import type { DebugInfo } from './debug-info.ts';
import { openDebugInfo, type SectionStart } from './dwarf/index.ts';
import { ElfFile } from './elf/elf-file.ts';
import { relocate } from './elf/relocations.ts';
import type { Beginning } from './elf/section-data.ts';
import { loadSegments, readSegments } from './elf/segments.ts';
import { readSymbols } from './elf/symbols.ts';
import { openFrames } from './frames/open.ts';
import type { FrameTable, FunctionTable, SymbolTable } from './function-table.ts';
import type { BuildInfo, Image, OpenImage, Section, Segment } from './image.ts';
import { lazy } from './lazy.ts';
import { openGoModule } from './pclntab/open.ts';

const NT_GNU_BUILD_ID = 3;
/** cmd/internal/buildid: ELF_NOTE_GOBUILDID_TAG. */
const NT_GO_BUILD_ID = 4;

export const openImage: OpenImage = (source, platform) => new ElfImage(source, platform);

class ElfImage implements Image {
  readonly name: string;
  readonly arch: ArchName;
  readonly positionIndependent: boolean;
  readonly entryPoint: LinkedAddress;
  readonly #elf: ElfFile;

  constructor(source: ByteSource, platform: Platform) {
    const elf = new ElfFile(source, platform);
    if (elf.type !== 'executable' && elf.type !== 'shared') {
      const what =
        elf.type === 'core' ? 'a core dump' : elf.type === 'relocatable' ? 'an object file' : 'an ELF file';
      throw new DataError({ file: source.name }, `${what}, not a program`);
    }
    this.#elf = elf;
    this.name = source.name;
    this.arch = elf.arch;
    this.positionIndependent = elf.type === 'shared';
    this.entryPoint = linkedAddress(elf.entry);
  }

  get sections(): readonly Section[] {
    return this.#elf.sections;
  }

  get segments(): readonly Segment[] {
    return this.#segments();
  }

  get buildId(): string | undefined {
    return this.#buildIds().gnu;
  }

  get goBuildId(): string | undefined {
    return this.#buildIds().go;
  }

  get buildInfo(): BuildInfo | undefined {
    return this.#buildInfo();
  }

  get functions(): FunctionTable | undefined {
    return this.#goModule()?.functions;
  }

  get symbols(): SymbolTable {
    return this.#symbols();
  }

  get frames(): FrameTable {
    return this.#frames();
  }

  get debugInfo(): DebugInfo | undefined {
    return this.#debugInfo();
  }

  section(name: string): Section | undefined {
    return this.#elf.section(name);
  }

  sectionBytes(name: string): Uint8Array | undefined {
    const section = this.#elf.section(name);
    return section === undefined ? undefined : this.#elf.contents(section);
  }

  bytesAt(address: LinkedAddress, length: number): Uint8Array {
    return readSegments(this.#elf, this.segments, address, length);
  }

  pointersAt(address: LinkedAddress, length: number): Uint8Array {
    const bytes = this.bytesAt(address, length);
    return this.positionIndependent ? relocate(this.#elf, address, bytes) : bytes;
  }

  #beginning(name: string, which: Beginning): SectionStart | undefined {
    const section = this.#elf.section(name);
    const bytes = section === undefined ? undefined : this.#elf.beginning(section, which);
    return bytes === undefined ? undefined : { bytes, size: section!.size };
  }

  /** Where runtime._type data begins: moduledata says it, or, when pclntab is damaged, a symbol. */
  #typesBase(): number | undefined {
    try {
      const known = this.#goModule()?.moduleData()?.types;
      if (known !== undefined) return known;
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
    }
    return this.symbols.byName('runtime.types')?.address;
  }

  /** A shortcut for DWARF, which does without it when pclntab is damaged. */
  #functionName(pc: number): string | undefined {
    try {
      const table = this.functions;
      const index = table?.find(linkedAddress(pc)) ?? -1;
      return index < 0 ? undefined : table!.name(index);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      return undefined;
    }
  }

  readonly #segments = lazy(() => loadSegments(this.#elf));
  readonly #goModule = lazy(() => openGoModule(this.#elf, this.segments));
  readonly #symbols = lazy(() => readSymbols(this.#elf));
  readonly #frames = lazy(() =>
    openFrames({
      file: this.name,
      section: (name) => this.section(name),
      sectionBytes: (name) => this.sectionBytes(name),
    }),
  );
  readonly #debugInfo = lazy(() =>
    openDebugInfo({
      file: this.name,
      pointerSize: 8,
      section: (name) => this.sectionBytes(name),
      beginning: (name, which) => this.#beginning(name, which),
      typesBase: () => this.#typesBase(),
      functionName: (pc) => this.#functionName(pc),
    }),
  );
  readonly #buildInfo = lazy(() =>
    readBuildInfo({
      sections: this.sections,
      segments: this.segments,
      bytesAt: (address, length) => this.bytesAt(address, length),
      relocatedBytes: (address, length) => this.pointersAt(address, length),
    }),
  );
  readonly #buildIds = lazy(() => readBuildIds(this.#elf));
}

function readBuildIds(elf: ElfFile): { gnu: string | undefined; go: string | undefined } {
  let gnu: string | undefined;
  let go: string | undefined;
  for (const { owner, type, description } of elf.notes()) {
    if (owner === 'GNU' && type === NT_GNU_BUILD_ID) {
      gnu ??= Array.from(description, (byte) => byte.toString(16).padStart(2, '0')).join('');
    } else if (owner === 'Go' && type === NT_GO_BUILD_ID) {
      go ??= new TextDecoder().decode(description);
    }
  }
  return { gnu, go };
}
