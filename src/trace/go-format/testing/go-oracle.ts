import { execFileSync } from 'node:child_process';
import { EVENT, STATE } from '../../events.ts';
import type { Trace } from '../../trace.ts';

const TRANSITION = /Time=(\d+) GoID=(\d+) (\w+)->(\w+)(?: Reason="([^"]*)")?/;
const PROC = /Time=(\d+) ProcID=(\d+) (\w+)->(\w+)/;

/** What `go tool trace -d=parsed` prints of a trace. Throws with what it says if it refuses the file. */
export function parsedByGo(file: string, toolchain?: string): string {
  const env = toolchain === undefined ? process.env : { ...process.env, GOTOOLCHAIN: toolchain };
  // Before go1.24 the dumps had numbers.
  const dump = toolchain?.startsWith('go1.23') ? '-d=1' : '-d=parsed';
  return execFileSync('go', ['tool', 'trace', dump, file], {
    env,
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** By goroutine or P ("g7", "p0"): its changes of state with the nanoseconds since the trace began. */
export type Transitions = ReadonlyMap<string, readonly string[]>;

export function transitionsByGo(output: string): Transitions {
  const origin = BigInt(/Sync Time=(\d+)/.exec(output)![1]!);
  const found = new Map<string, string[]>();
  for (const line of output.split('\n')) {
    if (!line.includes('StateTransition Time=')) continue;
    const goroutine = TRANSITION.exec(line);
    const [, time, id, from, to] = goroutine ?? PROC.exec(line)!;
    if (from === to) continue;
    add(
      found,
      `${goroutine === null ? 'p' : 'g'}${id}`,
      `${BigInt(time!) - origin} ${from}->${to} ${goroutine?.[5] ?? ''}`,
    );
  }
  return found;
}

const GO_STATE = ['Undetermined', 'Runnable', 'Running', 'Syscall', 'Waiting', 'NotExist'];
/** Go's parser calls Ps in a system call running, and abandoned ones idle. */
const PROC_STATE = ['Undetermined', 'Running', 'Idle', 'Running', 'Idle'];

export function transitionsByUs({ events, strings }: Trace): Transitions {
  const found = new Map<string, string[]>();
  const states = new Map<number, number>();
  for (let i = 0; i < events.count; i++) {
    const [kind, a, b] = [events.kind[i]!, events.a[i]!, events.b[i]!];
    const time = events.time[i]!;
    if (kind <= EVENT.ended) {
      const id = events.goroutine[i]!;
      const [from, to] = step(kind, a, b, states.get(id) ?? STATE.ended);
      states.set(id, to);
      const reason = kind === EVENT.blocked || kind === EVENT.stopped ? strings[a]! : '';
      // The reason that we give to coroutines' switches: Go's parser has none.
      add(
        found,
        `g${id}`,
        `${time} ${GO_STATE[from]}->${GO_STATE[to]} ${reason === 'coroutine' ? '' : reason}`,
      );
    } else if (kind === EVENT.procKnown)
      add(found, `p${events.proc[i]}`, `${time} Undetermined->${PROC_STATE[a]} `);
    else if (kind === EVENT.procStart) add(found, `p${events.proc[i]}`, `${time} Idle->Running `);
    else if (kind === EVENT.procStop || kind === EVENT.procStolen)
      add(found, `p${events.proc[i]}`, `${time} Running->Idle `);
  }
  return found;
}

function step(kind: number, a: number, b: number, before: number): [number, number] {
  switch (kind) {
    case EVENT.created:
      return [STATE.ended, b];
    case EVENT.known:
      return [STATE.unknown, a];
    case EVENT.unblocked:
      return [STATE.waiting, STATE.runnable];
    case EVENT.running:
      return [STATE.runnable, STATE.running];
    case EVENT.blocked:
      return [STATE.running, STATE.waiting];
    case EVENT.stopped:
      return [STATE.running, STATE.runnable];
    case EVENT.syscallBegin:
      return [STATE.running, STATE.syscall];
    case EVENT.syscallEnd:
      return [STATE.syscall, a === 1 ? STATE.runnable : STATE.running];
    default:
      return [before, STATE.ended];
  }
}

function add(found: Map<string, string[]>, subject: string, text: string): void {
  const list = found.get(subject);
  if (list === undefined) found.set(subject, [text]);
  else list.push(text);
}
