import type { Completion, ErrorFacts, Outcome, StyleOptions, Write } from '../commands/index.ts';
import type { SpawnTerminal } from '../target/index.ts';
import type { BuildRequest } from './live/build-program.ts';

/** What a session is about. */
export type OpenOptions = OpenCoreOptions | OpenLiveOptions;

export interface OpenLiveOptions {
  /** A program that is started, or a process that runs. */
  readonly live: Launch | { readonly kind: 'attach'; readonly pid: number };
  /** The settings file, if one is to be read and kept. */
  readonly settingsFile?: string;
}

/** A program to be started under the debugger. */
export interface Launch {
  readonly kind: 'launch';
  /** An executable, or what is to be made before. */
  readonly program: { readonly path: string } | BuildRequest;
  readonly args: readonly string[];
  readonly directory?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly terminal: SpawnTerminal;
  /** Addresses are the same in every run. */
  readonly fixedAddresses: boolean;
}

export interface OpenCoreOptions {
  /** Path of the core. */
  readonly core: string;
  /** Path of the executable; found by the core's own notes if it is not named. */
  readonly executable?: string;
  /** Use the executable although it is another build. */
  readonly acceptMismatch?: boolean;
  /** Where the debuggee's files are: a container's root. */
  readonly sysroot?: string;
  /** The settings file, if one is to be read and kept. */
  readonly settingsFile?: string;
}

export interface RenderOptions extends StyleOptions {
  readonly format: 'text' | 'json';
}

export type Progress = (what: string, done: number, total: number) => void;

/** A session as faces see it, wherever it runs. One command runs at a time. */
export interface SessionClient {
  /** Things to know about the settings file and the like; not errors. */
  readonly warnings: readonly string[];
  execute(line: string, options: RenderOptions, write: Write): Promise<Outcome>;
  complete(line: string): Promise<Completion>;
  /** Asks the running command to stop; does nothing if none is running. */
  cancel(): void;
  /** Whether the program that is debugged runs now. */
  readonly running: boolean;
  /**
   * Ends the session. A program that it started ends with it, one that it attached to runs on; gives what is to be known
   * of that.
   */
  close(): Promise<readonly string[]>;
  /**
   * Ends the session at once, for whoever must end himself: any program runs on, with its own bytes and registers.
   * Blocks until that is so.
   */
  abandon(): void;
}

/** An error on its way to a face: what is known of it, as data. */
export class SessionError extends Error {
  readonly facts: ErrorFacts;

  constructor(facts: ErrorFacts) {
    super(facts.message);
    this.name = 'SessionError';
    this.facts = facts;
  }
}

/** The session went away while it was asked something. */
export class SessionEnded extends Error {
  constructor() {
    super('the session has ended');
    this.name = 'SessionEnded';
  }
}
