import { align } from './alignment.ts';
import { type Answers, type GoroutineAnswer, type Place, placeText } from './answers.ts';
import { Tally } from './differences.ts';

// Where Delve cannot help (stripped binaries), the program's own words can: with GOTRACEBACK=crash it prints all its
// goroutines before it dies (runtime/traceback.go: goroutineheader, traceback2). What that cannot say: threads of
// goroutines, variables, and wrappers that the compiler made, which it leaves out.

interface PrintedGoroutine {
  readonly id: number;
  /** `running`, `runnable`, `syscall`, or a wait reason. */
  readonly status: string;
  readonly frames: readonly Place[];
  readonly createdBy: string | undefined;
}

const HEADER = /^goroutine (\d+)(?: gp=\S+ m=\S+(?: mp=\S+)?)? \[([^\]]*)\]:$/;

/** Goroutines of the first report; what threads say afterwards, when SIGQUIT reaches them, repeats them. */
export function parseTraceback(text: string): PrintedGoroutine[] {
  const goroutines: PrintedGoroutine[] = [];
  for (const block of text.split('\n\n')) {
    const lines = block.split('\n');
    const start = lines.findIndex((line) => HEADER.test(line));
    if (start < 0) continue;
    const [, id, words] = HEADER.exec(lines[start]!)!;
    // 0 is a thread's own stack.
    if (Number(id) === 0 || goroutines.some((g) => g.id === Number(id))) continue;
    goroutines.push({ id: Number(id), status: words!.split(',')[0]!, ...framesIn(lines.slice(start + 1)) });
  }
  return goroutines;
}

function framesIn(lines: readonly string[]): Pick<PrintedGoroutine, 'frames' | 'createdBy'> {
  const frames: Place[] = [];
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const createdBy = /^created by (.*?)(?: in goroutine \d+)?$/.exec(lines[i]!)?.[1];
    if (createdBy !== undefined) return { frames, createdBy };
    // `...additional frames elided...`: from here on nothing is in its place.
    const position = /^\t(.*):(\d+)(?: |$)/.exec(lines[i + 1]!);
    if (position === null || !lines[i]!.endsWith(')')) break;
    frames.push({ function: functionOf(lines[i]!), file: position[1]!, line: Number(position[2]) });
  }
  return { frames, createdBy: undefined };
}

/** `main.(*T).f(0x1, {…})` → `main.(*T).f`; the runtime writes gopanic as `panic`. */
function functionOf(line: string): string {
  let depth = 0;
  let at = line.length - 1;
  for (; at >= 0; at--) {
    if (line[at] === ')') depth++;
    if (line[at] === '(' && --depth === 0) break;
  }
  const name = line.slice(0, at);
  return name === 'panic' ? 'runtime.gopanic' : name;
}

/** Where there is no other oracle: goroutines, states and go statements are compared too. */
export function compareWithTraceback(printed: readonly PrintedGoroutine[], mattock: Answers): Tally {
  const tally = new Tally();
  for (const g of printed) {
    const mine = mattock.goroutines.find((one) => one.id === g.id);
    const subject = `goroutine ${g.id}`;
    tally.add('goroutines', subject, 'printed', mine === undefined ? 'not listed' : 'printed');
    if (mine === undefined) continue;
    tally.add('states', `${subject} state`, g.status, statusOf(mine));
    if (g.createdBy !== undefined)
      tally.add('locations', `${subject} goStatement`, g.createdBy, mine.goStatement.function);
  }
  compareStacksWithTraceback(tally, printed, mattock.goroutines);
  return tally;
}

function statusOf(g: GoroutineAnswer): string {
  if (g.state === '_Gwaiting') return g.waitReason;
  return g.state.replace('_G', '');
}

/**
 * Every frame that the program printed must be in Mattock's stack, in that order. Mattock may have more: what the
 * program called after it printed, wrappers, frames of C and of the system stack.
 */
export function compareStacksWithTraceback(
  tally: Tally,
  printed: readonly PrintedGoroutine[],
  mattock: readonly GoroutineAnswer[],
): void {
  for (const g of printed) {
    const mine = mattock.find((one) => one.id === g.id);
    const first = g.frames[0];
    if (mine === undefined || first === undefined) continue;
    const frames = mine.frames.map((frame) => ({ ...frame, function: bare(frame.function) }));
    const start = frames.findIndex((frame) => frame.function === first.function);
    const ours = frames.slice(Math.max(start, 0));
    const said = g.frames.map((frame) => ({ ...frame, pc: 0, variables: undefined }));
    for (const step of align(said, ours)) {
      if (step.kind === 'mattock-only') continue;
      const frame = g.frames[step.delve];
      if (frame === undefined) break; // Mattock knows more below the last one
      const own = step.kind === 'delve-only' ? undefined : ours[step.mattock];
      const text = own === undefined ? `(ends: ${mine.problem || 'bottom'})` : placeText(own);
      // The innermost had gone on to another line when the core was written.
      const same = own !== undefined && samePlace(frame, own, step.delve === 0);
      const shown = step.kind === 'delve-only' ? '(no such frame)' : text;
      tally.judge(
        'traceback',
        `goroutine ${g.id} printed frame ${step.delve}`,
        same,
        placeText(frame),
        shown,
      );
    }
  }
}

/** Tracebacks leave out type arguments. */
function bare(name: string): string {
  return name.replace(/\[.*\]/, '[...]');
}

function samePlace(printed: Place, mine: Place, innermost: boolean): boolean {
  if (printed.function !== mine.function || printed.file !== mine.file) return false;
  return innermost || printed.line === mine.line;
}
