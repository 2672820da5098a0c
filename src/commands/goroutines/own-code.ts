import { MattockError } from '../../base/index.ts';
import type { Frame, Goroutine, Location, Program } from '../../golang/index.ts';
import { packageOfFunction } from '../code/names.ts';

/** Frames that are looked through for the program's own code. */
const DEPTH = 100;
/** File of runtime.main below GOROOT/src. */
const RUNTIME_FILE = 'runtime/proc.go';

/**
 * Which code is the program's own: package main and the packages of the main module, as the build information says.
 * Everything else, the standard library and other modules, is what it calls.
 */
export class OwnCode {
  readonly #program: Program;
  readonly #module: string | undefined;
  /** GOROOT/src/, for programs that were built without a module. */
  readonly #standard: string | undefined;
  readonly #known = new Map<string, boolean>();

  constructor(program: Program) {
    this.#program = program;
    this.#module = mainModule(program);
    this.#standard = this.#module === undefined ? standardFolder(program) : undefined;
  }

  has({ function: name, position }: Pick<Location, 'function' | 'position'>): boolean {
    if (name === undefined) return false;
    let own = this.#known.get(name);
    if (own === undefined) {
      own = this.#isOwn(packageOfFunction(name), position?.file);
      this.#known.set(name, own);
    }
    return own;
  }

  #isOwn(path: string | undefined, file: string | undefined): boolean {
    if (path === undefined) return false;
    if (path === 'main') return true;
    if (this.#module !== undefined) return path === this.#module || path.startsWith(`${this.#module}/`);
    return this.#standard !== undefined && file?.startsWith('/') === true && !file.startsWith(this.#standard);
  }

  /** The innermost frame of the program's own code. */
  frameOf(goroutine: Goroutine): Frame | undefined {
    return this.#program.stackOf(goroutine, DEPTH).frames.find((frame) => this.has(frame));
  }

  locationOf(goroutine: Goroutine): Location | undefined {
    const { userLocation } = goroutine;
    return this.has(userLocation) ? userLocation : this.frameOf(goroutine);
  }
}

const made = new WeakMap<Program, OwnCode>();

export function ownCode(program: Program): OwnCode {
  let own = made.get(program);
  if (own === undefined) {
    own = new OwnCode(program);
    made.set(program, own);
  }
  return own;
}

function mainModule(program: Program): string | undefined {
  try {
    return program.target.modules.executable?.image?.buildInfo?.mainModule?.path;
  } catch (error) {
    // Damaged build information: as if there were none.
    if (!(error instanceof MattockError)) throw error;
    return undefined;
  }
}

function standardFolder({ target }: Program): string | undefined {
  const functions = target.modules.executable?.image?.functions;
  const index = functions?.byName('runtime.main')[0];
  const file = index === undefined ? undefined : functions?.position(functions.entry(index))?.file;
  // -trimpath leaves nothing of GOROOT.
  if (file === undefined || !file.startsWith('/') || !file.endsWith(RUNTIME_FILE)) return undefined;
  return file.slice(0, -RUNTIME_FILE.length);
}
