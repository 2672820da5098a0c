import { bigMap, delveItself, parkedGoroutines, prometheus, type Subject } from './subjects.ts';

/** One line of the table: the same work for both, and the goal of issue 2. */
export interface BenchRow {
  readonly name: string;
  subject(): Promise<Subject>;
  /** The same words for both, unless `delveCommands` has others for Delve, by what Mattock said at its opening. */
  readonly commands: readonly string[];
  delveCommands?(mattockSaid: string): readonly string[];
  /**
   * What the first useful output looks like, and what is counted: both must count the same. If `count` captures a
   * number, the numbers are added up.
   */
  readonly first: RegExp;
  readonly count: RegExp;
  /** What `count` captures must be the same in both outputs, in the same order. */
  readonly keep?: boolean;
  /** Counts may differ by this share. */
  readonly tolerance: number;
  /** What the two show differently though they count the same. */
  readonly note?: string;
  /** Mattock's CPU seconds and memory over Delve's, at most. */
  readonly goal: {
    readonly cpu: number;
    readonly memory: number;
    readonly firstOutput?: number;
    readonly megabytes?: number;
  };
  readonly repetitions: number;
  /** Takes minutes: only when it is named. */
  readonly slow?: boolean;
}

/**
 * Address and function of a frame outside the runtime; Delve paints names in bold even without a terminal. Within the
 * runtime it leaves out the frames between a handler and what the signal interrupted, and the caller of a function
 * without a frame that was interrupted (runtime.futexsleep, which called futex).
 */
const FRAME =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
  /^\s*\d+\*?\s+(0x[0-9a-f]+) in (?:\x1b\[1m)?(?!runtime\.|internal\/runtime\/|\?|__restore_rt)([^\s\x1b]+)/gm;
const GOROUTINE = /Goroutine \d+ - /g;
const GROUP_TOTAL = /Total: (\d+)/g;

const OPENING = {
  commands: ['stack -full', 'goroutine 1 stack -full'],
  /** Of a signal that was sent Mattock selects a goroutine of the program, Delve the thread that got it. */
  delveCommands(mattockSaid: string): readonly string[] {
    const selected = /^Goroutine (\d+) - /m.exec(mattockSaid)?.[1];
    return [`goroutine ${selected} stack -full`, 'goroutine 1 stack -full'];
  },
  first: /0x[0-9a-f]+ in /,
  count: FRAME,
  keep: true,
  tolerance: 0,
  repetitions: 5,
};

function goroutineRows(count: number, label: string): BenchRow[] {
  const million = count >= 1_000_000;
  // Issue 2 has no goals for few goroutines, where starting up is most of the work.
  const few = count < 100_000;
  const goal = {
    cpu: few ? Number.POSITIVE_INFINITY : million ? 0.06 : 0.08,
    memory: few ? Number.POSITIVE_INFINITY : 0.6,
    firstOutput: 1,
    ...(million ? { megabytes: 1200 } : {}),
  };
  const common = {
    subject: () => parkedGoroutines(count),
    tolerance: 0.001,
    goal,
    repetitions: million ? 1 : 3,
  };
  return [
    {
      ...common,
      name: `goroutines-${label}`,
      commands: ['goroutines'],
      first: /Goroutine \d+ - /,
      count: GOROUTINE,
      slow: million,
    },
    {
      ...common,
      name: `group-${label}`,
      commands: ['goroutines -group userloc'],
      first: /Total: \d+/,
      count: GROUP_TOTAL,
      note: 'counted are goroutines: Delve names the line of an inlined call by the function that holds it',
      goal: { ...goal, firstOutput: Number.POSITIVE_INFINITY },
      slow: million,
    },
    {
      ...common,
      name: `stacks-${label}`,
      commands: ['goroutines -t 10'],
      first: /Goroutine \d+ - /,
      count: GOROUTINE,
      repetitions: 1,
      slow: count >= 100_000,
    },
  ];
}

const MAP_ENTRIES = 100_000;

export const ROWS: readonly BenchRow[] = [
  { ...OPENING, name: 'open-delve', subject: delveItself, goal: { cpu: 0.25, memory: 0.3 } },
  { ...OPENING, name: 'open-prometheus', subject: prometheus, goal: { cpu: 0.1, memory: 0.3 } },
  ...goroutineRows(10_000, '10k'),
  ...goroutineRows(100_000, '100k'),
  ...goroutineRows(1_000_000, '1m'),
  {
    name: 'map-100k',
    subject: () => bigMap(MAP_ENTRIES),
    commands: [`config max-array-values ${2 * MAP_ENTRIES}`, 'print main.table'],
    first: /value-\d{6}/,
    count: /value-\d{6}/g,
    tolerance: 0,
    goal: { cpu: 0.5, memory: Number.POSITIVE_INFINITY },
    repetitions: 3,
  },
];
