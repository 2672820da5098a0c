import { collapse } from '../../golang/wait-graph/collapse.ts';
import { type WaitFinding, findings as waitFindings } from '../../golang/wait-graph/findings.ts';
import type { WaitGraph } from '../../golang/wait-graph/graph.ts';
import type { Lives } from '../spans.ts';
import type { Trace } from '../trace.ts';
import { type Blocking, blockingOf } from './blocking.ts';
import { type Consistency, consistencyOf } from './consistency.ts';
import { type GarbageCollection, gcOf } from './gc.ts';
import {
  type GoroutineGroup,
  type GoroutineTotals,
  goroutineGroups,
  goroutineTotals,
} from './goroutine-totals.ts';
import { type Leaks, leaksOf } from './leaks.ts';
import { type LifeStory, storyOf } from './life-story.ts';
import { type Processors, processorsOf } from './processors.ts';
import { type Scheduling, schedulingOf } from './scheduling.ts';
import { type StackUse, stackUseOf } from './stack-use.ts';
import { type StateRow, statesAt } from './states.ts';
import { Subject } from './subject.ts';
import { type SystemCallRow, systemCallsOf } from './system-calls.ts';
import { waitForGraph } from './wait-for.ts';
import { WaitedObjects } from './waited-objects.ts';

/** Who waits for whom at a time, what cannot be told apart taken together. */
export interface WaitFor {
  readonly atNs: number;
  readonly graph: WaitGraph;
  readonly findings: readonly WaitFinding[];
}

/** All answers on one trace, each worked out when it is first asked for. */
export class Analysis {
  readonly subject: Subject;
  readonly #answers = new Map<string, unknown>();

  constructor(trace: Trace, lives: Lives) {
    this.subject = new Subject(trace, lives);
  }

  get blocking(): Blocking {
    return this.#once('blocking', () => blockingOf(this.subject, this.#objects));
  }

  get leaks(): Leaks {
    return this.#once('leaks', () => leaksOf(this.subject, this.#objects));
  }

  /** At the end it is known besides whether those who wait do so unusually long. */
  states(atNs?: number): { readonly living: number; readonly states: readonly StateRow[] } {
    if (atNs === undefined) return this.leaks;
    const states = statesAt(this.subject, atNs);
    return { living: states.reduce((sum, { count }) => sum + count, 0), states };
  }

  get scheduling(): Scheduling {
    return this.#once('scheduling', () => schedulingOf(this.subject));
  }

  get processors(): Processors {
    return this.#once('processors', () => processorsOf(this.subject));
  }

  get gc(): GarbageCollection {
    return this.#once('gc', () => gcOf(this.subject, this.processors.gomaxprocs));
  }

  get stacks(): StackUse {
    return this.#once('stacks', () => stackUseOf(this.subject));
  }

  get systemCalls(): readonly SystemCallRow[] {
    return this.#once('systemCalls', () => systemCallsOf(this.subject));
  }

  get goroutineGroups(): readonly GoroutineGroup[] {
    return this.#once('goroutineGroups', () => goroutineGroups(this.subject));
  }

  /** One by one: rows are made as they are read. */
  get goroutines(): Iterable<GoroutineTotals> {
    return goroutineTotals(this.subject);
  }

  get consistency(): Consistency {
    return this.#once('consistency', () => consistencyOf(this.subject));
  }

  story(goroutine: number): LifeStory {
    return storyOf(this.subject, goroutine);
  }

  /** At the end of the trace, unless a time is given. */
  waitFor(atNs = this.subject.trace.duration): WaitFor {
    return this.#once(`waitFor ${atNs}`, () => {
      const graph = collapse(waitForGraph(this.subject, atNs, this.#objects));
      return { atNs, graph, findings: waitFindings(graph) };
    });
  }

  get #objects(): WaitedObjects {
    return this.#once('objects', () => new WaitedObjects(this.subject));
  }

  #once<T>(name: string, make: () => T): T {
    if (!this.#answers.has(name)) this.#answers.set(name, make());
    return this.#answers.get(name) as T;
  }
}
