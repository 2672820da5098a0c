/**
 * Names of internal/abi.FuncID (runtime.funcID before Go 1.21), which number the functions that the runtime's own
 * stack walk treats specially. The list is in alphabetical order, so each new entry renumbers those behind it:
 * Go 1.22 put corostart into it, Go 1.25 replaced runfinq by runFinalizers and runCleanups.
 */
const FIRST = ['normal', 'abort', 'asmcgocall', 'asyncPreempt', 'cgocallback'];
const MIDDLE = [
  'debugCallV2',
  'gcBgMarkWorker',
  'goexit',
  'gogo',
  'gopanic',
  'handleAsyncEvent',
  'mcall',
  'morestack',
  'mstart',
  'panicwrap',
  'rt0_go',
];
const LAST = ['sigpanic', 'systemstack', 'systemstack_switch', 'wrapper'];

const NUMBERINGS: readonly { readonly since: number; readonly names: readonly string[] }[] = [
  {
    since: 25,
    names: [...FIRST, 'corostart', ...MIDDLE, 'runtime_main', 'runFinalizers', 'runCleanups', ...LAST],
  },
  { since: 22, names: [...FIRST, 'corostart', ...MIDDLE, 'runfinq', 'runtime_main', ...LAST] },
  { since: 16, names: [...FIRST, ...MIDDLE, 'runfinq', 'runtime_main', ...LAST] },
];

/** `goVersion` as in BuildInfo: `go1.22.12`. undefined: the version or the number is not known. */
export function funcIdName(goVersion: string, id: number): string | undefined {
  const minor = /\bgo1\.(\d+)/.exec(goVersion)?.[1];
  if (minor === undefined) return undefined;
  return NUMBERINGS.find(({ since }) => Number(minor) >= since)?.names[id];
}
