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
  /** Why there is no stack, or not all of it. */
  readonly problem: string;
}

export interface FrameAnswer extends Place {
  readonly variables: readonly VariableAnswer[];
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
