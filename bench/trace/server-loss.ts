import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { buildGo } from '../../test/support/go-build.ts';
import { median } from '../measure.ts';
import { OrderedProgram } from './ordered-program.ts';
import { pause, Recorder } from './recorder.ts';
import type { TraceRow } from './row.ts';

const CONNECTIONS = 32;
const SECONDS = 3;
/** More than can be made in that time. */
const REQUESTS = 10_000_000;
const DRAIN_MS = 100;
const GOAL = { loss: 1.5, cpu: 15, rate: 250_000 };

type Mode = 'bare' | 'mattock' | 'runtime/trace';
const MODES: readonly Mode[] = ['bare', 'mattock', 'runtime/trace'];

interface Round {
  /** Requests per second. */
  readonly throughput: number;
  /** Microseconds of CPU of the server for a request. */
  readonly cpu: number;
}

interface RecorderRound {
  /** Events per second. */
  readonly rate: number;
  /** Share of a core. */
  readonly cpu: number;
  readonly lost: number;
}

/** What a saturated server loses by being recorded, in turns with Go's own tracer, which writes to nowhere. */
export const serverLoss: TraceRow = {
  name: 'server',
  about: 'throughput of a saturated HTTP server that is recorded, against Go’s own tracer in the same server',
  repetitions: 7,
  async measure(repetitions) {
    const binary = buildGo({ source: 'bench/programs/webserver' });
    const server = await OrderedProgram.start(binary);
    try {
      const rounds = new Map<Mode, Round[]>(MODES.map((mode) => [mode, []]));
      const recorded: RecorderRound[] = [];
      await load(server, binary);
      for (let i = 0; i < repetitions; i++) {
        // Each is first as often as the others: the machine's own ups and downs are nobody's.
        for (let at = 0; at < MODES.length; at++) {
          const mode = MODES[(i + at) % MODES.length]!;
          const round =
            mode === 'mattock'
              ? await recordedLoad(server, binary, recorded)
              : await loadIn(mode, server, binary);
          rounds.get(mode)!.push(round);
        }
      }
      return findings(rounds, recorded);
    } finally {
      server.end();
    }
  },
};

function findings(rounds: ReadonlyMap<Mode, readonly Round[]>, recorded: readonly RecorderRound[]) {
  const of = (mode: Mode, what: keyof Round): number => median(rounds.get(mode)!.map((round) => round[what]));
  /** Round by round against the one without a recorder in the same turn. */
  const lossOf = (mode: Mode): number =>
    100 *
    median(rounds.get(mode)!.map(({ throughput }, i) => 1 - throughput / rounds.get('bare')![i]!.throughput));
  const dearer = (mode: Mode): number => 100 * (of(mode, 'cpu') / of('bare', 'cpu') - 1);
  const rate = median(recorded.map((each) => each.rate));
  const cpuAtGoal = median(recorded.map((each) => (100 * each.cpu * GOAL.rate) / each.rate));
  return [
    {
      what: 'throughput lost',
      value: lossOf('mattock'),
      unit: '%',
      goal: GOAL.loss * lossOf('runtime/trace'),
    },
    { what: 'runtime/trace', value: lossOf('runtime/trace'), unit: '%' },
    { what: 'CPU of a request more', value: dearer('mattock'), unit: '%' },
    { what: 'runtime/trace', value: dearer('runtime/trace'), unit: '%' },
    { what: 'untraced', value: of('bare', 'cpu'), unit: 'µs of CPU a request' },
    { what: 'untraced', value: of('bare', 'throughput'), unit: 'requests/s' },
    { what: 'recorded', value: rate, unit: 'events/s' },
    { what: 'lost', value: recorded.reduce((sum, { lost }) => sum + lost, 0), unit: 'events', goal: 0 },
    { what: `recorder at ${GOAL.rate} events/s`, value: cpuAtGoal, unit: '% of a core', goal: GOAL.cpu },
  ];
}

async function loadIn(mode: Mode, server: OrderedProgram, binary: string): Promise<Round> {
  if (mode === 'bare') return load(server, binary);
  await server.ask('trace on');
  try {
    return await load(server, binary);
  } finally {
    await server.ask('trace off');
  }
}

async function recordedLoad(
  server: OrderedProgram,
  binary: string,
  recorded: RecorderRound[],
): Promise<Round> {
  const recorder = await Recorder.attach(server.pid);
  const started = performance.now();
  const before = recorder.cpu;
  const round = await load(server, binary);
  const seconds = (performance.now() - started) / 1000;
  await pause(DRAIN_MS);
  const cpu = (recorder.cpu - before) / seconds;
  const { events, lost } = await recorder.stop();
  recorded.push({ rate: events / seconds, cpu, lost });
  return round;
}

async function load(server: OrderedProgram, binary: string): Promise<Round> {
  const [before] = await server.numbers('cpu');
  const args = ['load', server.greeting, String(CONNECTIONS), String(REQUESTS), String(SECONDS)];
  const { stdout } = await promisify(execFile)(binary, args);
  const [requests, nanoseconds] = stdout.trim().split(' ').map(Number);
  const [after] = await server.numbers('cpu');
  return { throughput: requests! / (nanoseconds! / 1e9), cpu: (after! - before!) / 1000 / requests! };
}
