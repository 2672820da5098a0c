import type { Category, Difference } from './differences.ts';

/** A kind of difference that is known, with the reason why it is right that it is there. */
export interface Explanation {
  readonly category: Category;
  readonly reason: string;
  /** Parts that must match; what is not named matches anything. */
  readonly subject?: RegExp;
  readonly delve?: RegExp;
  readonly mattock?: RegExp;
  readonly when?: (difference: Difference) => boolean;
  /** Only in cores with this in their name and build: `values-maps 1.26.8 noopt`. */
  readonly core?: RegExp;
}

const NO_FRAME = /^\(no such frame\)$/;
const REFUSED = /^error: /;
const functionOf = (place: string): string => place.slice(0, place.lastIndexOf(' '));
const positionOf = (place: string): string => place.slice(place.lastIndexOf(' ') + 1);

/**
 * The first that fits counts. Each says what Delve does and why Mattock does otherwise; what is a fault of Mattock
 * does not belong here.
 */
export const EXPLANATIONS: readonly Explanation[] = [
  // Goroutines and their states
  {
    category: 'goroutines',
    subject: /\(_Gdeadextra\)$/,
    mattock: /^not listed$/,
    reason:
      'dead goroutines kept for threads of C (_Gdeadextra, since Go 1.26) are a state that Delve does not know',
  },
  {
    category: 'states',
    subject: /wait reason \((_Gsyscall|_Grunning|_Grunnable)\)$/,
    mattock: /^$/,
    reason:
      'g.waitreason keeps the reason of an earlier wait; Mattock shows it only while the goroutine waits',
  },

  // Places and stacks: what the program printed itself decides
  {
    category: 'locations',
    when: (d) => d.confirmed,
    reason: "the program's own traceback has the place that Mattock shows, and not Delve's",
  },
  {
    category: 'locations',
    subject: /user$/,
    when: (d) => positionOf(d.delve) === positionOf(d.mattock),
    reason:
      'Delve names the function that holds the code, at the line of a call inlined into it; Mattock names the inlined',
  },
  {
    category: 'stacks',
    when: (d) => d.confirmed,
    reason: "the program's own traceback has the frame that Mattock shows, and not Delve's",
  },
  {
    category: 'stacks',
    subject: /return from a signal$/,
    delve: NO_FRAME,
    reason: 'Delve leaves out the trampoline by which a signal handler returns',
  },
  {
    category: 'stacks',
    delve: NO_FRAME,
    mattock: /^runtime\.sigtramp /,
    reason: 'Delve leaves out the trampoline by which a signal handler is called',
  },
  {
    category: 'stacks',
    subject: /interrupted by a signal$/,
    when: (d) => functionOf(d.delve) === functionOf(d.mattock),
    reason:
      'Delve looks up pc − 1 where a signal interrupted a frame; nothing was called there, so it is the line before',
  },
  {
    category: 'stacks',
    subject: /caller of a frame interrupted by a signal$/,
    delve: NO_FRAME,
    reason:
      'Delve leaves out the caller of a frame that a signal interrupted before it had made its own frame',
  },
  {
    category: 'stacks',
    delve: /^runtime\.systemstack_switch /,
    mattock: NO_FRAME,
    reason:
      'Delve shows runtime.systemstack_switch, a marker that never runs, where a goroutine is on the system stack',
  },
  {
    category: 'stacks',
    delve: NO_FRAME,
    mattock: /^runtime\.morestack /,
    reason: 'Delve leaves out runtime.morestack, which called the function that reports the overflow',
  },
  {
    category: 'stacks',
    delve: /^\(nowhere\)$/,
    reason:
      'Delve shows a frame at an address that is no code where it loses its way between stacks of Go and C',
  },
  {
    category: 'stacks',
    delve: /\[go\.shape\./,
    mattock: /\[\.\.\.\]/,
    core: / 1\.19\./,
    reason:
      'Delve names generic functions of Go 1.19 by their symbols; Mattock as Go prints them in tracebacks',
  },
  {
    category: 'traceback',
    delve: /^runtime\.systemstack_switch /,
    reason: 'a marker that never runs, at which the runtime says that a goroutine is on the system stack',
  },

  // Variables and expressions
  {
    category: 'variables',
    delve: /0xbeef0{8}/,
    reason: 'Delve shows the address that it makes up for a value in registers',
  },
  {
    category: 'variables',
    delve: /error loading module data/,
    reason: "Delve cannot read the module data of this core, and so no interface's dynamic type",
  },
  ...(['variables', 'expressions'] as const).map(
    (category): Explanation => ({
      category,
      mattock: /register \w+ is not known in this frame/,
      reason: "Delve shows what a callee left in a register; Go's callees may overwrite all of them",
    }),
  ),
  ...(['variables', 'expressions'] as const).map(
    (category): Explanation => ({
      category,
      delve: /len: \d+, cap: 0,/,
      mattock: /len: \d+, cap: \?,/,
      reason: 'Delve shows 0 for a part of the value that the optimiser has dropped',
    }),
  ),
  {
    category: 'expressions',
    subject: /^print cap\(/,
    delve: /^0$/,
    mattock: /^error: optimised out/,
    reason: 'Delve shows 0 for a part of the value that the optimiser has dropped',
  },
  {
    category: 'expressions',
    delve: /\(unreadable .*read out of bounds\)/,
    mattock: /\(optimised out\)/,
    reason:
      'Delve shows 0 for a part of the value that the optimiser has dropped, or says that it is out of bounds',
  },
  {
    category: 'variables',
    subject: /-range\d+: (argument|local) /,
    when: (d) => d.delve === '(no such variable)' || d.mattock === '(no such variable)',
    reason: 'loop variables of range-over-func are parameters of the body: Delve lists them as locals',
  },
  {
    category: 'expressions',
    subject: /-range\d+$/,
    delve: REFUSED,
    reason: 'Delve does not find variables that the body of a range-over-func loop has captured',
  },
  {
    category: 'expressions',
    delve: /^0$/,
    mattock: /^-0$/,
    reason: 'Delve loses the sign of a negative zero',
  },
  ...(['variables', 'expressions'] as const).map(
    (category): Explanation => ({
      category,
      when: (d) => /\d(ns|µs|ms|s) \(-?\d+\)/.test(d.mattock) && withoutDurations(d.mattock) === d.delve,
      reason: 'a time.Duration is shown readably before its number',
    }),
  ),
  {
    category: 'expressions',
    subject: /^print .* \+ /,
    mattock: /\.\.\.\+\d+ more$/,
    reason: 'Delve does not limit a string that it has put together itself',
  },
];

/** `1m30s (90000000000)` → `90000000000`. */
function withoutDurations(text: string): string {
  return text.replaceAll(/(?:-?[\dhms.µn]+) \((-?\d+)\)/g, '$1');
}

export function explanationOf(difference: Difference, core: string): Explanation | undefined {
  return EXPLANATIONS.find(
    (e) =>
      e.category === difference.category &&
      (e.subject?.test(difference.subject) ?? true) &&
      (e.delve?.test(difference.delve) ?? true) &&
      (e.mattock?.test(difference.mattock) ?? true) &&
      (e.core?.test(core) ?? true) &&
      (e.when?.(difference) ?? true),
  );
}
