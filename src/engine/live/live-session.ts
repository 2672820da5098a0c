import { type Host, Session, type Settings } from '../../commands/index.ts';
import { Debugger } from '../../debugger/index.ts';
import { openProgram } from '../../golang/index.ts';
import { openKernel } from '../linux/open-kernel.ts';
import type { OpenLiveOptions } from '../session-client.ts';
import { attachTarget, launchTarget } from './open-live-target.ts';

/** Starts a program, or attaches to one, as a session for commands. */
export async function openLiveSession(
  { live }: OpenLiveOptions,
  host: Host,
  settings: Settings,
  interruptRequested: () => boolean,
): Promise<Session> {
  const kernel = await openKernel();
  const { target } =
    live.kind === 'launch'
      ? await launchTarget(kernel, live, interruptRequested)
      : await attachTarget(kernel, live.pid, interruptRequested);
  const program = openProgram(target);
  return new Session(program, host, settings, { debugger: new Debugger(target, program) });
}
