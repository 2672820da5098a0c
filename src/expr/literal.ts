import type { Constant } from './constant.ts';

/** A literal at `from`: its value, and where the text behind it begins. */
export interface Literal {
  readonly constant: Constant;
  readonly to: number;
}
