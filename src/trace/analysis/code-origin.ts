import type { StackFrame, Stacks } from '../trace.ts';

/** Whose code a frame is. A finding names the innermost line of the one that comes first here. */
export const ORIGIN = { own: 0, dependency: 1, standard: 2, machinery: 3 } as const;
export type Origin = (typeof ORIGIN)[keyof typeof ORIGIN];

/** Packages through which the others wait: never the place that is meant. */
const MACHINERY = /^(runtime|sync|internal\/(sync|poll|runtime\/.*|synctest|race)|runtime\/.*|time|syscall)$/;

/** Top folders of GOROOT/src, for traces whose paths do not tell where it is (-trimpath). */
const STANDARD = new Set(
  (
    'archive arena bufio builtin bytes cmp compress container context crypto database debug embed encoding errors ' +
    'expvar flag fmt go hash html image index internal io iter log maps math mime net os path plugin reflect regexp ' +
    'runtime slices sort strconv strings structs sync syscall testing text time unicode unique unsafe vendor weak'
  ).split(' '),
);

/** `net/http` of `net/http.(*conn).serve`, `example.com/a.b/c` of `example.com/a.b/c.F`. */
export function packageOf(name: string): string {
  // Type arguments hold paths of other packages.
  const bracket = name.indexOf('[');
  const plain = bracket < 0 ? name : name.slice(0, bracket);
  const dot = plain.indexOf('.', plain.lastIndexOf('/') + 1);
  return dot < 0 ? plain : plain.slice(0, dot);
}

/**
 * Tells the program's own code from what it uses. GOROOT is where the runtime's frames are; modules of others lie in
 * the module cache, whose folders hold an `@version`, or in a vendor folder.
 */
export class CodeOrigins {
  readonly #root: string | undefined;

  constructor(stacks: Stacks) {
    this.#root = goRoot(stacks);
  }

  of({ function: name, file }: StackFrame): Origin {
    const path = packageOf(name);
    if (this.#isStandard(path, file)) return MACHINERY.test(path) ? ORIGIN.machinery : ORIGIN.standard;
    return file.includes('@') || file.includes('/vendor/') ? ORIGIN.dependency : ORIGIN.own;
  }

  #isStandard(path: string, file: string): boolean {
    if (path === 'main') return false;
    if (this.#root !== undefined && file.startsWith('/')) return file.startsWith(this.#root);
    return STANDARD.has(path.split('/', 1)[0]!);
  }
}

const RUNTIME_FILE = /^(\/.*\/)runtime\/[^/]+\.go$/;

/** `/usr/local/go/src/`, by the first frame of package runtime that has a whole path. */
function goRoot(stacks: Stacks): string | undefined {
  for (let id = 0; id < stacks.frameCount; id++) {
    const { function: name, file } = stacks.frame(id);
    const found = name.startsWith('runtime.') ? RUNTIME_FILE.exec(file) : null;
    if (found !== null) return found[1];
  }
  return undefined;
}
