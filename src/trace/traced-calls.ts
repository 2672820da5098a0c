import { EVENT } from './events.ts';
import type { Trace } from './trace.ts';

/** Who is told of the calls of a trace in the order of time: those of a goroutine are nested. */
interface CallVisitor {
  /** `name`: string id; `event`: its index. */
  begin(goroutine: number, name: number, time: number, event: number): void;
  /** The innermost of the goroutine ends; `event`: its return, undefined where that was not seen. */
  end(goroutine: number, time: number, event: number | undefined): void;
}

/**
 * Calls that were traced (`mattock trace PATTERN -o`), nested. One whose return is missing lasts as long as the call around
 * it, its goroutine, or the trace; a return whose call began before the trace is left out.
 */
export function walkCalls({ events, duration }: Trace, visitor: CallVisitor): void {
  const open = new Map<number, number[]>();
  const leave = (goroutine: number, time: number, down: number): void => {
    const names = open.get(goroutine);
    for (; names !== undefined && names.length > down; names.pop()) visitor.end(goroutine, time, undefined);
  };
  for (let i = 0; i < events.count; i++) {
    const goroutine = events.goroutine[i]!;
    const time = events.time[i]!;
    const name = events.a[i]!;
    switch (events.kind[i]) {
      case EVENT.call: {
        const names = open.get(goroutine);
        if (names === undefined) open.set(goroutine, [name]);
        else names.push(name);
        visitor.begin(goroutine, name, time, i);
        break;
      }
      case EVENT.return: {
        const at = open.get(goroutine)?.lastIndexOf(name) ?? -1;
        if (at < 0) break;
        leave(goroutine, time, at + 1);
        open.get(goroutine)!.pop();
        visitor.end(goroutine, time, i);
        break;
      }
      case EVENT.ended:
        leave(goroutine, time, 0);
        break;
      default:
    }
  }
  for (const goroutine of open.keys()) leave(goroutine, duration, 0);
}

/** The calls of a function that were made within the same calls. */
export interface CallPath {
  readonly name: string;
  /** Index of the path that it is in, −1 without one; it stands before its own. */
  readonly parent: number;
  count: number;
  /** Nanoseconds from call to return, waiting included. */
  total: number;
  /** Without that of traced calls within. */
  own: number;
  longest: number;
  /** Of how many the end was not seen. */
  unseen: number;
}

interface Going {
  readonly path: number;
  readonly began: number;
  within: number;
}

/** Adds up traced calls by path. */
export function callPaths(trace: Trace): readonly CallPath[] {
  const paths: CallPath[] = [];
  const numbers = new Map<string, number>();
  const going = new Map<number, Going[]>();
  const pathOf = (parent: number, name: number): number => {
    const key = `${parent} ${name}`;
    let number = numbers.get(key);
    if (number === undefined) {
      const fresh = {
        name: trace.strings[name] || '?',
        parent,
        count: 0,
        total: 0,
        own: 0,
        longest: 0,
        unseen: 0,
      };
      number = paths.push(fresh) - 1;
      numbers.set(key, number);
    }
    return number;
  };
  walkCalls(trace, {
    begin(goroutine, name, began) {
      const stack = going.get(goroutine) ?? [];
      going.set(goroutine, stack);
      stack.push({ path: pathOf(stack.at(-1)?.path ?? -1, name), began, within: 0 });
    },
    end(goroutine, time, event) {
      const stack = going.get(goroutine)!;
      const { path: number, began, within } = stack.pop()!;
      const path = paths[number]!;
      const took = time - began;
      path.count++;
      path.total += took;
      path.own += Math.max(0, took - within);
      path.longest = Math.max(path.longest, took);
      if (event === undefined) path.unseen++;
      const around = stack.at(-1);
      if (around !== undefined) around.within += took;
    },
  });
  return paths;
}

/** Names of a path, the outermost first. */
export function namesOf(paths: readonly CallPath[], path: CallPath): string[] {
  const names: string[] = [];
  for (let at: CallPath | undefined = path; at !== undefined; at = paths[at.parent]) names.unshift(at.name);
  return names;
}
