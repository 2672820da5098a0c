import type { FrameAnswer, VariableAnswer } from './answers.ts';
import type { Tally } from './differences.ts';

/** A function that parks, its argument that is what it waits for, and where in it the runtime's part begins. */
interface Parking {
  readonly reason: RegExp;
  readonly function: RegExp;
  readonly argument: string;
  readonly inside?: number;
}

/** sync.Cond {noCopy; L Locker; notify notifyList}. */
const COND_NOTIFY = 16;
/** Go 1.19 has one reason for all semaphores. */
const PARKING: readonly Parking[] = [
  { reason: /^chan send$/, function: /^runtime\.chansend$/, argument: 'c' },
  { reason: /^chan receive$/, function: /^runtime\.chanrecv$/, argument: 'c' },
  {
    reason: /^(semacquire|sync\.Mutex\.Lock)$/,
    function: /^(internal\/)?sync\.\(\*Mutex\)\.(lockSlow|Lock)$/,
    argument: 'm',
  },
  {
    reason: /^(semacquire|sync\.RWMutex\.R?Lock)$/,
    function: /^sync\.\(\*RWMutex\)\.R?Lock$/,
    argument: 'rw',
  },
  {
    reason: /^(semacquire|sync\.WaitGroup\.Wait)$/,
    function: /^sync\.\(\*WaitGroup\)\.Wait$/,
    argument: 'wg',
  },
  { reason: /^sync\.Cond\.Wait$/, function: /^sync\.\(\*Cond\)\.Wait$/, argument: 'c' },
  {
    reason: /^sync\.Cond\.Wait$/,
    function: /^sync\.runtime_notifyListWait$/,
    argument: 'l',
    inside: COND_NOTIFY,
  },
];

/** The address of what a goroutine waits for, by an argument in its stack that is readable there. */
export function waitedOn(waitReason: string, frames: readonly FrameAnswer[]): string | undefined {
  const reason = waitReason.replace(' (durable)', '');
  const parked = PARKING.filter((one) => one.reason.test(reason));
  for (const frame of frames)
    for (const one of parked) {
      const address = one.function.test(frame.function)
        ? addressIn(frame.variables ?? [], one.argument)
        : undefined;
      if (address !== undefined) return `0x${(address - (one.inside ?? 0)).toString(16)}`;
    }
  return undefined;
}

/** `(*sync.Mutex)(0xc000012340)`, `("*internal/sync.Mutex")(0xc000012340)`. */
function addressIn(variables: readonly VariableAnswer[], name: string): number | undefined {
  const text = variables.find((one) => one.role === 'argument' && one.name === name)?.text;
  const digits = /\)\(0x([0-9a-f]+)\)$/.exec(text ?? '')?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits, 16);
}

/** The same in a row of `goroutines --json`. */
export interface WaitedRow {
  readonly kind: string;
  readonly address?: string;
  readonly channel?: { readonly address: string };
}

export function waitedInRow(row: WaitedRow | undefined): string | undefined {
  return row?.kind === 'channel' ? row.channel?.address : row?.address;
}

/** What each goroutine that waits says of it, against what the others say and what is there. */
export function compareWaits(
  tally: Tally,
  goroutines: readonly { readonly id: number; readonly blockedOn: unknown }[],
  contradictions: ReadonlyMap<number, readonly string[]>,
): void {
  for (const { id, blockedOn } of goroutines) {
    const texts = contradictions.get(id) ?? [];
    if (blockedOn !== undefined || texts.length > 0)
      tally.add('waits', `goroutine ${id}, against others`, '', texts.join('; '));
  }
}
