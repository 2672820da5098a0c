import type { Disassembler } from '../../arch/index.ts';
import { type ThreadId, UserError } from '../../base/index.ts';
import { threadToShow } from '../../debugger/index.ts';
import type { Frame, Goroutine, Program, Stack, Verdict } from '../../golang/index.ts';
import type { Happening } from './happening.ts';
import type { LiveControl } from './live-control.ts';
import { Settings, substitutePath } from './settings.ts';

/** What a session needs of the machine it runs on. */
export interface Host {
  /** Text of a source file, by its path on this machine; undefined if it is not there. */
  readSource(path: string): string | undefined;
  /** The user's editor, as the shell takes it: $DELVE_EDITOR or $EDITOR. */
  readonly editor: string | undefined;
  /** Text of a file of commands. Throws a UserError. */
  readCommandFile(path: string): string;
  /** Keeps the settings; says where. Throws a UserError. */
  saveSettings(text: string): string;
  /** Appends to a transcript. Throws a UserError. */
  appendTranscript(path: string, text: string): void;
  /** Makes a transcript's file or empties it. Throws a UserError. */
  startTranscript(path: string, truncate: boolean): void;
  /** A file that is to hold a program's memory. Throws a UserError: there is one already, and it may not be replaced. */
  createFile(path: string, replace: boolean): NewFile;
  /** Whether the user asked to stop the running command. */
  cancelled(): boolean;
  /** How far a long command is; called often, so it must be cheap. */
  progress(what: string, done: number, total: number): void;
  /** Files and folders (ending in `/`) whose path begins so, for completion. */
  filesBeginning(path: string): readonly string[];
}

/**
 * A file that only the user can read, and that has its name when it is whole: what is not finished leaves nothing.
 * Every call throws a UserError where the system refuses.
 */
export interface NewFile {
  /** Absolute. */
  readonly path: string;
  /** How long it will be; before anything is written. */
  begin(size: number): void;
  write(bytes: Uint8Array): void;
  /** Zeros, which take no room where the file system knows holes. */
  skip(length: number): void;
  finish(): void;
  /** Nothing is left of it; does nothing to a finished file. */
  discard(): void;
}

/** A place that the user wants to have in the editor. */
export interface EditRequest {
  readonly editor: string;
  /** On this machine. */
  readonly file: string;
  readonly line: number;
}

/** What a command is about: a goroutine or a bare thread, one of its frames, maybe a deferred call in it. */
export interface Scope {
  readonly thread: ThreadId | undefined;
  readonly goroutine: Goroutine | undefined;
  readonly frame: number;
  /** From 1, in the order of `stack -defer`. */
  readonly deferred: number | undefined;
}

export interface Display {
  readonly id: number;
  /** '' or a fmt verb. */
  readonly format: string;
  readonly expression: string;
}

export interface Transcript {
  readonly path: string;
  /** Output goes to the file only. */
  readonly only: boolean;
}

/** The user interrupted a command. */
export class Cancelled extends UserError {
  constructor() {
    super('interrupted');
  }
}

const KEPT_STACKS = 8;
/** Nobody edits a source file and steps on in so short a time. */
const SOURCE_KEPT_MS = 100;

/** What lasts from one command to the next: the program, what is selected, settings, displayed expressions. */
export class Session {
  #program: Program;
  /** What controls a program that runs; undefined for a core. */
  live: LiveControl | undefined;
  readonly host: Host;
  readonly settings: Settings;
  readonly displays: Display[] = [];
  /** Changed by goroutine, thread, frame, up and down. */
  selection: Scope;
  transcript: Transcript | undefined;
  exitRequested = false;
  /** To be opened when the running command has ended, by whoever has the terminal. */
  editRequested: EditRequest | undefined;
  /** Takes what is told while the running command goes on; undefined while none runs. */
  tell: ((happening: Happening) => void) | undefined;
  /** Shows what the running command has said, before something that takes its time; undefined while none runs. */
  showSoFar: (() => void) | undefined;
  /** Loaded by the commands that need it. */
  disassembler: Disassembler | undefined;
  /** Commands that failed inside of others (`source`), which go on. */
  nestedFailures = 0;
  #verdict: Verdict | undefined;
  /** The source that was asked for last, which mostly is the next one too. */
  #source: { readonly text: string; readonly lines: readonly string[] } | undefined;
  /** Of the stop before this one. */
  #atStop:
    | { readonly file: string; readonly at: number; readonly lines: readonly string[] | undefined }
    | undefined;
  readonly #stacks = new Map<string, { depth: number; stack: Stack }>();

  constructor(program: Program, host: Host, settings = new Settings(), live?: LiveControl) {
    this.#program = program;
    this.live = live;
    this.host = host;
    this.settings = settings;
    this.selection = this.#initialSelection();
  }

  /**
   * The program has stopped, or was written: stacks and verdict are void. The debugger has refreshed the program
   * before and says what stopped; by default the thread that the target names.
   */
  refresh(selection = this.#stopped()): void {
    this.#verdict = undefined;
    this.#stacks.clear();
    this.selection = selection;
  }

  get program(): Program {
    return this.#program;
  }

  /** Goes on with another program: it was started again, or another process is to be looked at. */
  turnTo(program: Program): void {
    this.#program = program;
    this.refresh(this.#initialSelection());
  }

  /** The same for another process of this session, to look something up in it. */
  beside(program: Program): Session {
    return new Session(program, this.host, this.settings, this.live);
  }

  get verdict(): Verdict {
    this.#verdict ??= this.program.verdict();
    return this.#verdict;
  }

  /** Ends the command if the user asked for it. Long loops call it. */
  checkCancelled(): void {
    if (this.host.cancelled()) throw new Cancelled();
  }

  /** A goroutine's or thread's frames, `depth` at most. */
  stack(scope: Scope, depth: number): Stack {
    const key = scope.goroutine === undefined ? `t${scope.thread}` : `g${scope.goroutine.address}`;
    const kept = this.#stacks.get(key);
    if (kept !== undefined && (kept.depth >= depth || kept.stack.end.kind !== 'depth')) {
      return cut(kept.stack, depth);
    }
    const stack =
      scope.goroutine !== undefined
        ? this.program.stackOf(scope.goroutine, depth)
        : this.program.stackOfThread(this.requireThread(scope), depth);
    this.#stacks.delete(key);
    if (this.#stacks.size >= KEPT_STACKS) this.#stacks.delete(this.#stacks.keys().next().value!);
    this.#stacks.set(key, { depth, stack });
    return stack;
  }

  frame(scope: Scope): Frame {
    const { frames } = this.stack(scope, scope.frame + 1);
    const frame = frames[scope.frame];
    if (frame !== undefined) return frame;
    const last = frames.length - 1;
    throw new UserError(
      `${subject(scope)} has no frame ${scope.frame}`,
      last < 0 ? undefined : `its frames are 0 to ${last}`,
    );
  }

  goroutine(id: Goroutine['id'], column?: number): Goroutine {
    const goroutine = this.program.goroutine(id);
    if (goroutine === undefined) {
      throw new UserError(`there is no goroutine ${id}`, '`goroutines` lists them', column);
    }
    return goroutine;
  }

  scopeOf(goroutine: Goroutine): Scope {
    return { goroutine, thread: goroutine.thread, frame: 0, deferred: undefined };
  }

  requireThread(scope: Scope): ThreadId {
    if (scope.thread === undefined) throw new UserError(`${subject(scope)} is not on a thread`);
    return scope.thread;
  }

  /** A source file's lines, with substitute-path applied; undefined if it is not here. */
  sourceLines(path: string): readonly string[] | undefined {
    const text = this.host.readSource(this.localPath(path));
    if (text === undefined) return undefined;
    if (this.#source?.text !== text) this.#source = { text, lines: text.split('\n') };
    return this.#source.lines;
  }

  /** The same for where the program has stopped: files are not looked at for each of many steps. */
  sourceAtStop(path: string): readonly string[] | undefined {
    const file = this.localPath(path);
    const age = Date.now() - (this.#atStop?.at ?? 0);
    if (this.#atStop?.file !== file || age < 0 || age > SOURCE_KEPT_MS) {
      this.#atStop = { file, at: Date.now(), lines: this.sourceLines(path) };
    }
    return this.#atStop.lines;
  }

  /** Where a source file is on this machine. */
  localPath(path: string): string {
    return substitutePath(path, this.settings.values['substitute-path']);
  }

  /** The frame to which the verdict points, so that `print` and `locals` are about the user's code at once. */
  #initialSelection(): Scope {
    const { kind, process } = this.program.target;
    if (kind !== 'core') return this.#stopped(threadToShow(this.program, process.currentThread));
    const { goroutine, thread, frame } = this.verdict;
    return { goroutine, thread, frame: frame?.index ?? 0, deferred: undefined };
  }

  #stopped(thread = this.program.target.process.currentThread): Scope {
    return { thread, goroutine: this.program.goroutineOn(thread), frame: 0, deferred: undefined };
  }
}

export const subject = (scope: Scope): string =>
  scope.goroutine === undefined ? `thread ${scope.thread}` : `goroutine ${scope.goroutine.id}`;

function cut(stack: Stack, depth: number): Stack {
  if (stack.frames.length <= depth) return stack;
  return { frames: stack.frames.slice(0, depth), end: { kind: 'depth' } };
}
