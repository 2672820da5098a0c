import { type ByteSource, UserError } from '../../base/index.ts';
import type { Debugger, Processes, Stop } from '../../debugger/index.ts';
import type { Target } from '../../target/index.ts';
import type { NamePattern } from '../../trace/calls/name-pattern.ts';
import type { Trace } from '../../trace/index.ts';
import type { Redirections } from '../live/launch-words.ts';

/** What a session about a running program has besides the program. */
export interface LiveControl {
  readonly processes: Processes;
  /** Ends the process and starts the program anew, up to its first instruction. Throws a UserError: it was attached to. */
  restart(request: RestartRequest): Promise<void>;
  /** The program's file, if it is gone or goes with the session: a core that names it would be without it. */
  passingProgram(target: Target): PassingProgram | undefined;
  /** What `record` needs and only comes asynchronously. */
  prepareRecording(): Promise<void>;
  /**
   * Lets the selected program run until something stops it, or the time is over, and tells what goroutines do meanwhile;
   * afterwards its text is its own again. Throws a UserError: it cannot be probed.
   */
  record(request: RecordRequest): Recorded;
  /** Lets go of the processes: those that the session started end, unless they are to be left running. Gives what is to be known of those that are left. Idempotent. */
  close(leave: boolean): readonly string[];
}

export interface PassingProgram {
  /** What a core calls it, without its folder. */
  readonly name: string;
  /** Throws a UserError: it cannot be read. */
  open(): ByteSource & { close(): void };
}

export interface RecordRequest {
  /** Only goroutines that enter a function of these, and what they create, in turn. */
  readonly follow: NamePattern;
  /** Undefined: until something stops the program. */
  readonly nanoseconds: number | undefined;
  /** Gets what has happened since the last time. */
  readonly tell: (events: Trace) => void;
}

/** How a recording went. */
export interface Recorded {
  readonly stop: Stop;
  /** How long it went on. */
  readonly nanoseconds: number;
  /** Goroutines that were followed. */
  readonly followed: number;
  /** Events that found the ring full, of whatever goroutines. */
  readonly lost: number;
  /** What cannot be seen, and why. */
  readonly notes: readonly string[];
}

export interface RestartRequest {
  /** Instead of those that it had. */
  readonly args?: readonly string[];
  readonly redirect?: Redirections;
  /** Compile it again before (`debug`, `test`). */
  readonly rebuild: boolean;
}

/** As much of a command's context as is asked here. */
interface MaybeLive {
  readonly session: { readonly live: LiveControl | undefined };
}

/** What has ended has nothing to look at, to write or to call. */
export function requireAlive({ target }: Debugger): void {
  if (target.ended !== undefined) throw new UserError('the program has ended', '`restart` starts it anew');
}

/** The selected process of a live session. For a core a UserError, which names the command. */
export function debuggerOf(context: MaybeLive, command: string): Debugger {
  return liveOf(context, command).processes.selected;
}

export function liveOf({ session }: MaybeLive, command: string): LiveControl {
  if (session.live !== undefined) return session.live;
  throw new UserError(`a core cannot do ${command}: its process is gone`, '`help` lists what can be done');
}
