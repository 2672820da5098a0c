import { TargetFault } from '../../base/index.ts';
import type { Location } from '../frame.ts';
import { type Cursor, cursorAt } from './cursor.ts';
import { goFrameRules } from './go-frame-rule.ts';
import type { WalkSetting } from './walker.ts';

const MAX_FRAMES = 100;

/**
 * Finds the innermost user frame of a parked goroutine without making frames: all code is Go's, every address has
 * been seen before, and one word of stack is read per frame.
 */
export class UserFrames {
  readonly #setting: WalkSetting;

  constructor(setting: WalkSetting) {
    this.#setting = setting;
  }

  /** undefined: none was found this way, which says nothing of the slow way. */
  find(start: Cursor): Location | undefined {
    const { arch, code, memory } = this.#setting;
    const rule = goFrameRules[arch.name];
    // The frame pointer plays no part here, and is not followed.
    const cursor = cursorAt({ pc: start.pc, sp: start.sp, fp: 0, lr: start.lr, exact: start.exact });
    for (let count = 0; count < MAX_FRAMES; count++) {
      const point = cursor.exact ? code.at(cursor.pc) : code.before(cursor.pc);
      const user = point.userLocation;
      if (user !== undefined) return user;
      const { fn, spDelta } = point;
      if (fn === undefined || spDelta === undefined || fn.role !== 'ordinary' || fn.traits.topFrame) {
        return undefined;
      }
      try {
        const frame = rule(memory, cursor, point, spDelta);
        cursor.pc = frame.returnAddress;
        cursor.sp = frame.cfa;
      } catch (error) {
        if (error instanceof TargetFault) return undefined;
        throw error;
      }
      cursor.lr = undefined;
      cursor.exact = false;
      if (cursor.pc === 0) return undefined;
    }
    return undefined;
  }
}
