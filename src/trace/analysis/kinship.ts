import { STATE } from '../events.ts';
import type { Subject } from './subject.ts';

interface Kin {
  readonly life: number;
  /** The function in which such goroutines are started. */
  readonly within: string;
}

const MOST = 5;
const NOBODY: readonly Kin[] = [];

/**
 * Whom a goroutine may have started before the trace began: goroutines that wait, were there before the trace too, and
 * began in a function that is started, as the trace saw of others, in a function that the one in question is in.
 */
export class Kinship {
  readonly #subject: Subject;
  /** Functions that goroutines begin in, by the functions that start them. */
  readonly #startedIn = new Map<string, Set<string>>();
  /** Those that were there before and wait, by the function that they began in. */
  readonly #before = new Map<string, number[]>();
  readonly #seen = new Set<string>();

  constructor(subject: Subject, time: number) {
    this.#subject = subject;
    const { lives } = subject;
    lives.goroutines.forEach((life, index) => {
      if (life.entry === undefined) return;
      if (life.created !== undefined) {
        this.#addStart(life.createdAt, life.entry);
        return;
      }
      const span = subject.spanAt(life, time);
      const members = this.#before.get(life.entry) ?? [];
      if (span === undefined || lives.spans.state[span] !== STATE.waiting || members.length > MOST) return;
      members.push(index);
      this.#before.set(life.entry, members);
    });
  }

  /** Of somebody who waits. */
  of(span: number): readonly Kin[] {
    const { lives, places } = this.#subject;
    const own = lives.spans.life[span]!;
    if (this.#subject.life(own).created !== undefined) return NOBODY;
    const kin: Kin[] = [];
    for (const { function: within } of places.ownFrames(lives.spans.stack[span]!)) {
      for (const entry of this.#startedIn.get(within) ?? []) {
        for (const life of this.#before.get(entry) ?? []) {
          if (life !== own && kin.length < MOST) kin.push({ life, within });
        }
      }
    }
    return kin;
  }

  #addStart(stack: number, entry: string): void {
    const key = `${stack} ${entry}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    for (const { function: name } of this.#subject.places.ownFrames(stack)) {
      const entries = this.#startedIn.get(name);
      if (entries === undefined) this.#startedIn.set(name, new Set([entry]));
      else entries.add(entry);
    }
  }
}
