import { EVENT, type EventKind, STATE, type State } from '../../events.ts';
import { livesOf } from '../../lives.ts';
import { type EventDetails, TraceBuilder } from '../../trace-builder.ts';
import type { WaitObject } from '../../wait-object.ts';
import { Subject } from '../subject.ts';

/** Frames leaf first, each `function file:line`. */
export type StackText = readonly string[];

const FRAME = /^(.*) (.*):(\d+)$/;

/** Tells a trace for a test, event by event; times in nanoseconds. */
export class Story {
  readonly builder: TraceBuilder;

  constructor(writer: 'go' | 'mattock' = 'go') {
    this.builder = new TraceBuilder({ writer, format: '1.26', name: 'story' });
  }

  stack(frames: StackText): number {
    const ids = frames.map((text) => {
      const [, name, file, line] = FRAME.exec(text)!;
      return this.builder.frame(
        0x1000 + Number(line),
        this.builder.string(name!),
        this.builder.string(file!),
        Number(line),
      );
    });
    return this.builder.stack(ids);
  }

  add(kind: EventKind, time: number, goroutine: number, details: EventDetails = {}): this {
    this.builder.add(kind, time, goroutine, details);
    return this;
  }

  known(
    time: number,
    id: number,
    state: State,
    reason = '',
    stack: StackText = [],
    object?: WaitObject,
  ): this {
    return this.add(EVENT.known, time, id, {
      a: state,
      b: this.builder.string(reason),
      c: object === undefined ? 0 : this.builder.object(object),
      stack: this.stack(stack),
      proc: state === STATE.running ? 0 : -1,
    });
  }

  create(time: number, by: number, id: number, entry: string, at: string | StackText): this {
    return this.add(EVENT.created, time, id, {
      actor: by,
      stack: this.stack(typeof at === 'string' ? [at] : at),
      a: this.stack([entry]),
      b: STATE.runnable,
      proc: 0,
    });
  }

  run(time: number, id: number, proc = 0): this {
    return this.add(EVENT.running, time, id, { proc });
  }

  block(time: number, id: number, reason: string, stack: StackText, object?: WaitObject): this {
    const b = object === undefined ? 0 : this.builder.object(object);
    return this.add(EVENT.blocked, time, id, {
      a: this.builder.string(reason),
      b,
      stack: this.stack(stack),
      proc: 0,
    });
  }

  wake(time: number, id: number, by: number, stack: StackText = []): this {
    return this.add(EVENT.unblocked, time, id, { actor: by, stack: this.stack(stack), proc: 0 });
  }

  stop(time: number, id: number, reason = 'preempted', stack: StackText = []): this {
    return this.add(EVENT.stopped, time, id, {
      a: this.builder.string(reason),
      stack: this.stack(stack),
      proc: 0,
    });
  }

  end(time: number, id: number): this {
    return this.add(EVENT.ended, time, id, { proc: 0 });
  }

  /** Found in the memory of the program, in a look that took so long. */
  holds(time: number, id: number, object: WaitObject, took: number): this {
    const [a, b] = [this.builder.object(object), this.builder.string('has deferred its Unlock')];
    return this.add(EVENT.holds, time, id, { a, b, c: took });
  }

  /** The trace ends here, whatever goes on. */
  subject(until?: number): Subject {
    if (until !== undefined) this.add(EVENT.heapGoal, until, 0);
    const trace = this.builder.build();
    return new Subject(trace, livesOf(trace));
  }
}
