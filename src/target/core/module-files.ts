import { type ByteSource, MattockError } from '../../base/index.ts';
import type { Image } from '../../image/index.ts';
import { type BuildIdentity, compareBuilds, describeIdentity } from './loaded-elf.ts';

/** A binary's file, opened. */
export interface ModuleFile {
  readonly path: string;
  readonly source: ByteSource;
  readonly image: Image;
}

export interface ModuleRequest {
  /** Where the debuggee had it. */
  readonly path: string;
  /** NT_GNU_BUILD_ID in hex, if the core tells it. */
  readonly buildId: string | undefined;
  /** Says whether a candidate is the build that is looked for. Whoever searches goes on until one is. */
  accepts(candidate: ModuleFile): boolean;
}

/** Finds a binary by path and build id. A file that is not a binary is no candidate. */
export type FindModule = (request: ModuleRequest) => ModuleFile | undefined;

/** The files of modules, each looked for once. What was found to be of another build becomes a warning. */
export class ModuleFiles {
  readonly #found = new Map<string, ModuleFile | undefined>();
  readonly #findModule: FindModule;
  readonly #warnings: string[];

  constructor(findModule: FindModule, warnings: string[]) {
    this.#findModule = findModule;
    this.#warnings = warnings;
  }

  /** Takes a file that was found otherwise: the executable. */
  put(path: string, file: ModuleFile): void {
    this.#found.set(path, file);
  }

  find(path: string, identity: BuildIdentity): ModuleFile | undefined {
    if (!this.#found.has(path)) this.#found.set(path, this.#search(path, identity));
    return this.#found.get(path);
  }

  known(path: string): ModuleFile | undefined {
    return this.#found.get(path);
  }

  #search(path: string, identity: BuildIdentity): ModuleFile | undefined {
    const others: ModuleFile[] = [];
    const accepts = (candidate: ModuleFile): boolean => {
      const same = this.#isSame(candidate, identity);
      if (!same) others.push(candidate);
      return same;
    };
    const file = this.#findModule({ path, buildId: identity.buildId, accepts });
    const [other] = others;
    if (file === undefined && other !== undefined) {
      this.#warnings.push(
        `${other.path} is of another build than the core: the core has ${describeIdentity(identity)}, the file ${describeIdentity(other.image)}. It is not used.`,
      );
    }
    return file;
  }

  #isSame(candidate: ModuleFile, identity: BuildIdentity): boolean {
    try {
      return compareBuilds(identity, candidate.image) !== 'different';
    } catch (error) {
      if (!(error instanceof MattockError)) throw error;
      this.#warnings.push(error.message);
      return false;
    }
  }
}
