import { type RuntimeAddress, TargetFault } from '../../base/index.ts';
import type { CodePoint } from '../code/code-point.ts';
import type { Location } from '../frame.ts';
import type { WalkSetting } from './walker.ts';

const MAX_FRAMES = 100;
/** A power of two: a list of goroutines meets some dozen return addresses again and again. */
const KEPT_POINTS = 512;

/**
 * Finds the innermost user frame of a parked goroutine without making frames or cursors: all code is Go's, every
 * address has been seen before, and one word of stack is read per frame. The layout of frames is that of
 * go-frame-rule.ts.
 */
export class UserFrames {
  readonly #setting: WalkSetting;
  /** By the low bits of their return addresses: a comparison instead of a search in the map of all code. */
  readonly #points: (CodePoint | undefined)[] = new Array(KEPT_POINTS).fill(undefined);
  #isEmpty = true;

  constructor(setting: WalkSetting) {
    this.#setting = setting;
  }

  /** Other modules may be loaded now. */
  refresh(): void {
    if (this.#isEmpty) return;
    this.#points.fill(undefined);
    this.#isEmpty = true;
  }

  #before(pc: number): CodePoint {
    const place = pc & (KEPT_POINTS - 1);
    const kept = this.#points[place];
    if (kept !== undefined && kept.pc === pc) return kept;
    const point = this.#setting.code.before(pc);
    this.#points[place] = point;
    this.#isEmpty = false;
    return point;
  }

  /** From `g.sched`; `startLr` is 0 where the return address is on the stack. undefined: the slow way may find it. */
  find(startPc: number, startSp: number, startLr: number): Location | undefined {
    const { arch, code, memory } = this.#setting;
    const pushes = arch.dwarf.lr === undefined;
    let point = code.at(startPc);
    let sp = startSp;
    let lr = startLr;
    try {
      for (let count = 0; count < MAX_FRAMES; count++) {
        const user = point.userLocation;
        if (user !== undefined) return user;
        const { fn, spDelta } = point;
        if (fn === undefined || spDelta === undefined || !fn.ordinary) return undefined;
        let pc: number;
        if (pushes) {
          sp += spDelta + 8;
          pc = memory.uint64((sp - 8) as RuntimeAddress);
        } else {
          pc = spDelta === 0 && lr !== 0 ? lr : memory.uint64(sp as RuntimeAddress);
          sp += spDelta;
          lr = 0;
        }
        if (pc === 0) return undefined;
        point = this.#before(pc);
      }
    } catch (error) {
      if (!(error instanceof TargetFault)) throw error;
    }
    return undefined;
  }
}
