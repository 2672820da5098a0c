import { appendFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { type InlineSession, openInline } from '../../src/engine/inline-session.ts';
import { buildGo } from '../support/go-build.ts';
import { changedText, RunningProgram, until } from './running-program.ts';

const COMMANDS_PER_SESSION = 25;
/** Every so many sessions one starts the program itself, and starts it anew now and then. */
const ATTACHED_BETWEEN = 5;
/** A command that may run for ever is interrupted after so long at most. */
const LONGEST_RUN_MS = 60;
const FOR_EVER_MS = 1_000_000;

/** `MATTOCK_STRESS_LOG`: a file that gets each command before it is given, for one that does not come back. */
const log = process.env.MATTOCK_STRESS_LOG;
const note = (line: string): void => {
  if (log !== undefined) appendFileSync(log, `${new Date().toISOString()} ${line}\n`);
};

/** Numbers that a seed tells in advance (mulberry32). */
class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }
}

/** Interrupts a tracer that sleeps in waitpid: from another thread, as a terminal does. */
class Interrupter {
  /**
   * The number of the command to be interrupted that is over soon, how long it has, and the one that is interrupted; the
   * last that is over; the process.
   */
  readonly #words = new Int32Array(new SharedArrayBuffer(20));
  readonly #worker: Worker;
  #command = 0;

  constructor() {
    const program = `
      const { workerData: { words } } = require('node:worker_threads');
      let done = 0;
      for (;;) {
        Atomics.wait(words, 0, done);
        const command = Atomics.load(words, 0);
        if (command < 0) break;
        done = command;
        if (command % 2 === 1) {
          Atomics.store(words, 3, command);
          Atomics.notify(words, 3);
          continue;
        }
        if (Atomics.wait(words, 0, command, Atomics.load(words, 1)) !== 'timed-out') continue;
        Atomics.store(words, 2, command);
        process.kill(Atomics.load(words, 4), 'SIGSTOP');
      }`;
    this.#worker = new Worker(program, { eval: true, workerData: { words: this.#words } });
  }

  readonly requested = (): boolean => Atomics.load(this.#words, 2) === this.#command;

  after(milliseconds: number, pid: number): void {
    this.#command += 2;
    Atomics.store(this.#words, 4, pid);
    Atomics.store(this.#words, 1, milliseconds);
    this.#set(this.#command);
  }

  /** The command is over (an odd number); a signal is not sent any more when this returns, or it would stop the program. */
  cancel(): void {
    const over = this.#command + 1;
    this.#set(over);
    for (;;) {
      const told = Atomics.load(this.#words, 3);
      if (told === over) return;
      Atomics.wait(this.#words, 3, told);
    }
  }

  async close(): Promise<void> {
    this.#set(-1);
    await this.#worker.terminate();
  }

  #set(command: number): void {
    Atomics.store(this.#words, 0, command);
    Atomics.notify(this.#words, 0);
  }
}

const PLACES = [
  'main.mix',
  'main.allocate',
  'main.(*worker).round',
  'main.(*worker).run',
  'counting.go:54',
  'counting.go:75',
  'runtime.mallocgc',
];
const CONDITIONS = ['value == 1<<60', 'value % 1000 == 7', 'n > 3', 'w.id == 2'];
const RUNNING = [
  'continue',
  'continue',
  'next',
  'step',
  'stepout',
  'step-instruction',
  'next-instruction',
] as const;
const READING = [
  'goroutines',
  'stack 5',
  'locals',
  'args',
  'threads',
  'regs',
  'breakpoints',
  'frame 1 print w',
];

/** Another command, by chance. */
function command(chance: Chance): string {
  const breakpoint = 1 + chance.below(6);
  switch (chance.below(12)) {
    case 0:
    case 1:
      return `${chance.of(['break', 'break', 'trace'])} ${chance.of(PLACES)}`;
    case 2:
      return chance.of([`clear ${breakpoint}`, `toggle ${breakpoint}`, 'clearall']);
    case 3:
      return chance.of([
        `condition ${breakpoint} ${chance.of(CONDITIONS)}`,
        `condition -hitcount ${breakpoint} % 50`,
      ]);
    case 4:
      return chance.of([`goroutine ${1 + chance.below(40)}`, 'watch w.sum', 'watch -rw w.sum']);
    case 5:
    case 6:
      return chance.of(READING);
    default:
      return chance.of(RUNNING);
  }
}

export interface StressReport {
  readonly seed: number;
  readonly sessions: number;
  readonly commands: number;
  /** Commands that said what is wrong with them. */
  readonly refused: number;
}

/**
 * Attaches to a program that counts, allocates and is preempted, gives commands by chance, and lets go, again and again.
 * Fails if anything is left in its text, or if its sums are not what they would be without us.
 */
export async function stress(seed: number, milliseconds: number): Promise<StressReport> {
  const chance = new Chance(seed);
  const program = new RunningProgram(buildGo({ source: 'test/live/programs/counting.go' }));
  const interrupter = new Interrupter();
  const report = { seed, sessions: 0, commands: 0, refused: 0 };
  let last: string[] = [];
  try {
    const end = Date.now() + milliseconds;
    while (Date.now() < end) {
      await program.progresses();
      last = [];
      const attached = report.sessions % (ATTACHED_BETWEEN + 1) !== ATTACHED_BETWEEN;
      const session = await openInline(
        { live: attached ? { kind: 'attach', pid: program.pid } : launchOf(program.executable) },
        { cancelled: interrupter.requested },
      );
      try {
        for (let i = 0; i < COMMANDS_PER_SESSION && Date.now() < end; i++) {
          const again = !attached && chance.below(8) === 0;
          const line = again ? 'restart' : command(chance);
          last.push(line);
          note(line);
          report.commands++;
          if (!(await execute(session, line, interrupter, chance))) report.refused++;
        }
      } finally {
        note('close');
        if (!attached) checkStopped(session, program.executable);
        await session.close();
      }
      report.sessions++;
      checkLeft(program);
    }
    await until(() => !program.traced, 'nobody traces it');
    const { status, last: said } = await program.finish();
    if (status !== 0 || said !== 'all is well') throw new Error(`the program ends with ${status}: ${said}`);
    return report;
  } catch (error) {
    // What it said of its end is on its way.
    await new Promise((resolve) => setTimeout(resolve, 500));
    const end = program.end === undefined ? '' : `\nthe program has ${program.end}`;
    throw new Error(`seed ${seed}, after ${report.commands} commands, the last: ${last.join('; ')}${end}`, {
      cause: error,
    });
  } finally {
    program.kill();
    await interrupter.close();
  }
}

async function execute(
  session: InlineSession,
  line: string,
  interrupter: Interrupter,
  chance: Chance,
): Promise<boolean> {
  const { pid } = session.session.program.target.process;
  // What is started anew has nobody who could be woken.
  interrupter.after(line === 'restart' ? FOR_EVER_MS : 1 + chance.below(LONGEST_RUN_MS), pid!);
  try {
    const { ok } = await session.execute(line, { format: 'text', colour: false }, () => {});
    const { ended } = session.session.live!.processes.selected.target;
    if (ended !== undefined) throw new Error(`${line}: the program has ended: ${JSON.stringify(ended)}`);
    return ok;
  } finally {
    interrupter.cancel();
  }
}

/** The same program as our own child: its standard input never ends. */
const launchOf = (path: string) =>
  ({
    kind: 'launch',
    program: { path },
    args: [],
    terminal: { kind: 'files', stdin: '/dev/zero', stdout: '/dev/null', stderr: '/dev/null' },
    fixedAddresses: true,
  }) as const;

/** Between commands its text is its own. */
function checkStopped({ session }: InlineSession, executable: string): void {
  const changed = changedText(executable, session.program.target.process.pid!);
  if (changed.length > 0)
    throw new Error(`the text of a stopped program is changed at ${changed.map((at) => at.toString(16))}`);
}

function checkLeft(program: RunningProgram): void {
  const changed = program.changedText();
  if (changed.length > 0)
    throw new Error(`its text is changed at ${changed.map((at) => at.toString(16)).join(', ')}`);
  if (program.traced) throw new Error('it is still traced');
  const state = program.status('State');
  if (/^[Tt]/.test(state ?? 'T')) throw new Error(`it is left in state ${state}`);
}
