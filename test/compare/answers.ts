/** What a debugger says of one core, in the words that both sides are brought to. */
export interface Answers {
  readonly goroutines: readonly GoroutineAnswer[];
  readonly expressions: readonly ExpressionAnswer[];
}

export interface Place {
  readonly function: string;
  readonly file: string;
  readonly line: number;
}

export interface GoroutineAnswer {
  readonly id: number;
  /** `_Gwaiting`, and the runtime's wait reason if it waits for one. */
  readonly state: string;
  readonly waitReason: string;
  readonly thread: number;
  readonly labels: string;
  readonly current: Place;
  readonly user: Place;
  readonly goStatement: Place;
  readonly start: Place;
  readonly frames: readonly FrameAnswer[];
  /** Address of the channel, lock or Cond that it waits for; of Delve's, where an argument that it shows says so. */
  readonly waitsFor?: string | undefined;
  /** Why there is no stack, or not all of it. */
  readonly problem: string;
}

export interface FrameAnswer extends Place {
  /** 0: not told. */
  readonly pc: number;
  /** undefined: not asked. */
  readonly variables: readonly VariableAnswer[] | undefined;
  /** How the walk came here, where it was not by an ordinary call: `signal`: a signal interrupted this frame. */
  readonly arrivedBy?: string;
}

export interface VariableAnswer {
  readonly name: string;
  readonly role: 'argument' | 'local';
  readonly text: string;
}

export interface ExpressionAnswer {
  readonly in: string;
  readonly expression: string;
  readonly goroutine: number;
  readonly frame: number;
  readonly text: string | undefined;
  readonly error: string | undefined;
}

export const nowhere: Place = { function: '', file: '', line: 0 };

export function placeText(place: Place): string {
  return place.function === '' && place.file === ''
    ? '(nowhere)'
    : `${place.function} ${place.file}:${place.line}`;
}

/** Whether a text shows nothing at all but that there is nothing to show. */
export function showsNothing(text: string): boolean {
  return /^(\S+ (\{\} )?)?\((unreadable|optimised out)\)$/.test(comparable(text));
}

/**
 * What cannot be shown is said in other words by each: Delve names a variable without a location at this pc by its
 * failed look-up. Reasons are left out, so that it counts that both show nothing, and not how they say it.
 */
export function comparable(text: string): string {
  if (/^\(unreadable (could not find loclist entry|empty OP stack)/.test(text)) return '(optimised out)';
  let plain = '';
  let from = 0;
  for (let at = text.indexOf(UNREADABLE); at >= 0; at = text.indexOf(UNREADABLE, from)) {
    plain += `${text.slice(from, at)}(unreadable)`;
    from = closing(text, at);
  }
  return plain + text.slice(from);
}

const UNREADABLE = '(unreadable ';

/** Index after the parenthesis that closes the one at `open`. */
function closing(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === '(') depth++;
    if (text[at] === ')' && --depth === 0) return at + 1;
  }
  return text.length;
}
