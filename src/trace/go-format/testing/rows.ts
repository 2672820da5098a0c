import type { Trace } from '../../trace.ts';
import { rolesOf } from '../side-strings.ts';

/** Events with all that their columns point to, to compare traces whose ids differ. */
export function rowsOf({ events, strings, stacks, objects }: Trace): string[] {
  const stack = (id: number) =>
    [...stacks.frames(id)]
      .map((frame) => stacks.frame(frame))
      .map(({ pc, function: name, file, line }) => `${pc.toString(16)} ${name} ${file}:${line}`)
      .join(' < ');
  const shown = {
    number: String,
    string: (id: number) => strings[id],
    stack,
    object: (id: number) => JSON.stringify(objects[id] && Object.entries(objects[id]).sort()),
  };
  return Array.from({ length: events.count }, (_, i) => {
    const [a, b, c] = rolesOf(events.kind[i]!);
    const columns = [events.kind, events.time, events.goroutine, events.actor, events.proc, events.thread];
    const details = [shown[a](events.a[i]!), shown[b](events.b[i]!), shown[c](events.c[i]!)];
    return `${columns.map((column) => column[i]).join(' ')} [${stack(events.stack[i]!)}] ${details.join(' | ')}`;
  });
}
