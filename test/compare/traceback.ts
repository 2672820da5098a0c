import { type Answers, type GoroutineAnswer, type Place, placeText } from './answers.ts';
import { type Comparison, Tally } from './differences.ts';

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
    if (goroutines.some((g) => g.id === Number(id))) continue;
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

export function compareWithTraceback(printed: readonly PrintedGoroutine[], mattock: Answers): Comparison {
  const tally = new Tally();
  for (const g of printed) {
    const mine = mattock.goroutines.find((one) => one.id === g.id);
    const subject = `goroutine ${g.id}`;
    tally.add('goroutines', subject, 'printed', mine === undefined ? 'not listed' : 'printed');
    if (mine === undefined) continue;
    tally.add('states', `${subject} state`, g.status, statusOf(mine));
    if (g.createdBy !== undefined)
      tally.add('locations', `${subject} goStatement`, g.createdBy, mine.goStatement.function);
    compareFrames(tally, subject, g, mine);
  }
  return tally;
}

function statusOf(g: GoroutineAnswer): string {
  if (g.state === '_Gwaiting') return g.waitReason;
  return g.state.replace('_G', '');
}

/** The program had more to call after it printed: its stack is the lower part of the one in the core. */
function compareFrames(
  tally: Tally,
  subject: string,
  printed: PrintedGoroutine,
  mattock: GoroutineAnswer,
): void {
  const first = printed.frames[0];
  if (first === undefined) return;
  const start = mattock.frames.findIndex((frame) => frame.function === first.function);
  const ours = mattock.frames.slice(Math.max(start, 0));
  const differs = printed.frames.findIndex((frame, i) => !samePlace(frame, ours[i], i === 0));
  if (differs < 0) tally.add('stacks', subject, 'the same', 'the same');
  else {
    const mine = ours[differs];
    const said = mine === undefined ? `(ends: ${mattock.problem || 'bottom'})` : placeText(mine);
    tally.add('stacks', `${subject} frame ${differs}`, placeText(printed.frames[differs]!), said);
  }
}

/** The innermost printed frame had gone on to another line when the core was written. */
function samePlace(printed: Place, mine: Place | undefined, innermost: boolean): boolean {
  if (mine === undefined || printed.function !== mine.function || printed.file !== mine.file) return false;
  return innermost || printed.line === mine.line;
}
