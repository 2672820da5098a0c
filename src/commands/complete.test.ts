import { describe, expect, it } from 'vitest';
import { commandTable } from './commands.ts';
import { completeLine } from './complete.ts';
import { fakeSession } from './testing/fake-program.ts';

function complete(line: string): { readonly column: number; readonly candidates: readonly string[] } {
  const session = fakeSession({ files: { 'triage.mattock': '', 'notes.txt': '' } });
  return completeLine({ session, scope: session.selection, table: commandTable }, line);
}

describe('completeLine', () => {
  it.each([
    ['gorout', 0, ['goroutine', 'goroutines']],
    ['  he', 2, ['help']],
    ['nope x', 0, []],
    ['goroutines -gro', 11, ['-group']],
    ['goroutines -gr', 11, ['-graph', '-group']],
    ['goroutines -gr x', 16, []],
    ['stack -o', 6, ['-offsets']],
    ['goroutines -with u', 17, ['user', 'userloc']],
    ['goroutines -state wa', 18, ['waiting']],
    ['goroutines -exec sta', 17, ['stack']],
    ['goroutine 18 sta', 13, ['stack']],
    ['goroutine 18 frame 1 stack -f', 27, ['-full']],
    ['config max-s', 7, ['max-string-len']],
    ['source tri', 7, ['triage.mattock']],
    ['thread ', 7, ['100', '101']],
    ['regs xmm15', 5, ['xmm15']],
    ['disass -flavour g', 16, ['gnu', 'go']],
    ['help who', 5, []],
  ])('completes %j', (line, column, candidates) => {
    expect(complete(line)).toEqual({ column, candidates });
  });

  it('offers the flags and nothing else behind a command that takes no more', () => {
    expect(complete('threads ').candidates).toEqual([]);
    expect(complete('stack ').candidates).toContain('-full');
  });
});
