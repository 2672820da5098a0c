import { UserError } from '../../base/index.ts';
import type { Watching } from './watching.ts';

export class PageGuard {
  protect(watching: Watching): string | undefined {
    throw new UserError(`${watching.size} bytes are more than the free watch registers cover`);
  }
  release(_watching: Watching): void {}
}
