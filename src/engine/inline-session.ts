import {
  type Completion,
  commandTable,
  completeLine,
  errorFacts,
  executeLine,
  makeStyle,
  type Outcome,
  type Session,
  type Write,
} from '../commands/index.ts';
import { openCoreSession } from './core-session.ts';
import { nodeHost } from './node-host.ts';
import {
  type OpenOptions,
  type Progress,
  type RenderOptions,
  type SessionClient,
  SessionError,
} from './session-client.ts';
import { loadSettings } from './settings-file.ts';

export interface InlineHooks {
  readonly progress?: Progress;
  /** Whether the running command is to stop; `cancel` sets a flag of this session besides. */
  readonly cancelled?: () => boolean;
  /** Told when the program begins to run (its process id) and when it has stopped (0). */
  readonly onRunning?: (pid: number) => void;
  /** Told when a program gets a terminal of its own: the descriptor of its near end. */
  readonly onTerminal?: (descriptor: number) => void;
}

/** A session in this thread. Fails with a SessionError. */
export async function openInline(options: OpenOptions, hooks: InlineHooks = {}): Promise<InlineSession> {
  let cancelled = false;
  const { settings, warnings } = loadSettings(options.settingsFile);
  const host = nodeHost({
    settingsFile: options.settingsFile,
    cancelled: () => cancelled || hooks.cancelled?.() === true,
    progress: hooks.progress ?? (() => {}),
  });
  try {
    const session =
      'core' in options
        ? await openCoreSession(options, host, settings)
        : await (await import('./live/live-session.ts')).openLiveSession(options, host, settings, hooks);
    return new InlineSession(session, warnings, (value) => {
      cancelled = value;
    });
  } catch (error) {
    throw new SessionError(errorFacts(error));
  }
}

export class InlineSession implements SessionClient {
  readonly session: Session;
  readonly warnings: readonly string[];
  readonly #setCancelled: (value: boolean) => void;

  constructor(session: Session, warnings: readonly string[], setCancelled: (value: boolean) => void) {
    this.session = session;
    this.warnings = warnings;
    this.#setCancelled = setCancelled;
  }

  execute(line: string, options: RenderOptions, write: Write): Promise<Outcome> {
    this.#setCancelled(false);
    return executeLine(
      this.session,
      commandTable,
      line,
      { format: options.format, style: makeStyle(options) },
      write,
    );
  }

  async complete(line: string): Promise<Completion> {
    return completeLine({ session: this.session, scope: this.session.selection, table: commandTable }, line);
  }

  cancel(): void {
    this.#setCancelled(true);
  }

  /** A command that runs the program holds this thread: nobody can ask meanwhile. */
  get running(): boolean {
    return false;
  }

  async close(): Promise<readonly string[]> {
    return this.session.live?.close(false) ?? [];
  }

  abandon(): void {
    this.session.live?.close(true);
  }
}
