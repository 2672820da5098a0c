import { type Host, Session, type Settings } from '../../commands/index.ts';
import { Debugger } from '../../debugger/index.ts';
import { openProgram } from '../../golang/index.ts';
import { openKernel } from '../linux/open-kernel.ts';
import type { OpenLiveOptions } from '../session-client.ts';
import { attachTarget, launchTarget } from './open-live-target.ts';

export interface LiveHooks {
  readonly onRunning?: (pid: number) => void;
  readonly onTerminal?: (descriptor: number) => void;
}

/** Starts a program, or attaches to one, as a session for commands. */
export async function openLiveSession(
  { live }: OpenLiveOptions,
  host: Host,
  settings: Settings,
  hooks: LiveHooks,
): Promise<Session> {
  const kernel = await openKernel();
  const interruptRequested = (): boolean => host.cancelled();
  const { target, terminal } =
    live.kind === 'launch'
      ? await launchTarget(kernel, live, interruptRequested)
      : await attachTarget(kernel, live.pid, interruptRequested);
  if (terminal !== undefined) hooks.onTerminal?.(terminal);
  if (hooks.onRunning !== undefined) target.onRunning = hooks.onRunning;
  const program = openProgram(target);
  return new Session(program, host, settings, { debugger: new Debugger(target, program) });
}
