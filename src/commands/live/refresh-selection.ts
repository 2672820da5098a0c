import type { Context } from '../command.ts';

/** The program was written, or ran and came back: what was known of it is void, but the selection stays. */
export function refreshAfterWrite({ session }: Context): void {
  const { selection, program } = session;
  program.refresh();
  const id = selection.goroutine?.id;
  const goroutine = id === undefined ? undefined : program.goroutine(id);
  session.refresh({
    ...selection,
    goroutine,
    thread: goroutine === undefined ? selection.thread : goroutine.thread,
  });
}
