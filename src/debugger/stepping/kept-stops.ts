import type { CodeStatement, FunctionCode } from './function-code.ts';

/** `next`, `step` and `stepout`. */
export type StepKind = 'over' | 'into' | 'out';

/** Where steps from one place end in functions. */
export type StopsByFunction = Map<FunctionCode, ReadonlySet<number>>;

/** More places where steps began are not kept: each may have as many stops as its function has statements. */
const MOST_ORIGINS = 64;

/** Who steps through a loop comes by the same places again, and from each of them a step ends at the same statements. */
export class KeptStops {
  readonly #kept: Readonly<Record<StepKind, Map<CodeStatement, StopsByFunction>>> = {
    over: new Map(),
    into: new Map(),
    out: new Map(),
  };

  from(origin: CodeStatement | undefined, kind: StepKind): StopsByFunction {
    if (origin === undefined) return new Map();
    const kept = this.#kept[kind];
    let stops = kept.get(origin);
    if (stops === undefined) {
      if (kept.size >= MOST_ORIGINS) kept.clear();
      stops = new Map();
      kept.set(origin, stops);
    }
    return stops;
  }
}
