import { type ChildProcess, spawn } from 'node:child_process';
import { mappedText } from '../../test/live/running-program.ts';
import { buildGo } from '../../test/support/go-build.ts';
import { mattock } from '../installed.ts';
import { median } from '../measure.ts';
import { delve } from '../subjects.ts';
import { OrderedProgram } from './ordered-program.ts';
import { isProbed, pause } from './recorder.ts';
import type { TraceRow } from './row.ts';

/** What all runs of a recording write fits into the ring, if nobody takes anything out. */
const CALLS = 20_000;
/** Delve stops the program twice for each. */
const DELVE_CALLS = 200;
const RUNS = 7;
const DRAIN_MS = 300;
const GOAL_NS = 200;
const GOAL_RATIO = 0.001;
const FUNCTION = 'main.serve';
const PATIENCE_MS = 60_000;

/** What a traced call costs where it happens: entry with its arguments and return with its results. */
export const callCost: TraceRow = {
  name: 'call',
  about: 'a traced call with arguments and results, attached, in nanoseconds; Delve’s trace of the same one',
  repetitions: 5,
  async measure(repetitions) {
    const binary = buildGo({ source: 'bench/programs/tracedcalls' });
    const [bare, ours, theirs]: number[][] = [[], [], []];
    let [lost, missing] = [0, 0];
    const program = await OrderedProgram.start(binary);
    try {
      const run = async (): Promise<number> => {
        const values: number[] = [];
        for (let i = 0; i < RUNS; i++) {
          values.push((await program.numbers(String(CALLS)))[0]!);
          await pause(DRAIN_MS);
        }
        return median(values);
      };
      await run();
      for (let i = 0; i < repetitions; i++) {
        bare!.push(await run());
        const tracer = await Tracer.attach(program.pid);
        ours!.push(await run());
        const seen = await tracer.stop();
        lost += seen.lost;
        missing += RUNS * CALLS - seen.calls;
        theirs!.push(await byDelve(binary));
      }
    } finally {
      program.end();
    }
    const cost = median(ours!) - median(bare!);
    return [
      { what: 'a call more, CPU', value: cost, unit: 'ns', goal: GOAL_NS },
      { what: 'the same by dlv trace, time', value: median(theirs!), unit: 'ns' },
      { what: 'ratio', value: cost / median(theirs!), unit: '×', goal: GOAL_RATIO },
      { what: 'a call untraced', value: median(bare!), unit: 'ns' },
      { what: 'lost', value: lost, unit: 'events', goal: 0 },
      { what: 'calls not seen', value: missing, unit: '', goal: 0 },
    ];
  },
};

/** `mattock trace main.serve -p`, as a user runs it: calls are counted, what the probes write is the same. */
class Tracer {
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown>;
  #said = '';
  #summary = '';

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#exit = new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#said += text;
    });
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.#summary += text;
    });
  }

  static async attach(pid: number): Promise<Tracer> {
    const [node, ...args] = [...mattock(), 'trace', FUNCTION, '-p', String(pid), '--summary', '--json'];
    const text = mappedText(pid);
    const tracer = new Tracer(spawn(node!, args, { stdio: ['ignore', 'pipe', 'pipe'] }));
    for (const deadline = performance.now() + PATIENCE_MS; !isProbed(pid, text); await pause(10))
      if (performance.now() > deadline || tracer.#child.exitCode !== null)
        throw new Error(`no tracing of ${pid}:\n${tracer.#said}`);
    return tracer;
  }

  async stop(): Promise<{ readonly calls: number; readonly lost: number }> {
    this.#child.kill('SIGINT');
    await this.#exit;
    const { functions } = JSON.parse(this.#summary) as {
      readonly functions: readonly { readonly returned: number }[];
    };
    return {
      calls: functions[0]?.returned ?? 0,
      lost: Number(/(\d+) events were lost/.exec(this.#said)?.[1] ?? 0),
    };
  }
}

/** Nanoseconds that a call takes under `dlv trace`. The program is one of its own: it ends with it. */
async function byDelve(binary: string): Promise<number> {
  const program = await OrderedProgram.start(binary);
  const child = spawn(delve(), ['trace', '-p', String(program.pid), FUNCTION], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  try {
    let told = 0;
    const count = (text: Buffer): void => {
      told += text.toString('latin1').split(FUNCTION).length - 1;
    };
    child.stdout.on('data', count);
    child.stderr.on('data', count);
    // It traces when it tells of a call.
    for (const deadline = performance.now() + PATIENCE_MS; told === 0; ) {
      if (performance.now() > deadline || child.exitCode !== null) throw new Error('dlv trace tells nothing');
      await program.ask('1');
      await pause(50);
    }
    return (await program.numbers(String(DELVE_CALLS)))[1]!;
  } finally {
    program.end();
    child.kill('SIGKILL');
  }
}
