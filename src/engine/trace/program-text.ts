import { UserError } from '../../base/index.ts';
import type { SchedulerFacts } from '../../golang/index.ts';

/** Where the code of the program is. */
export function textOf({ image, module }: Pick<SchedulerFacts, 'image' | 'module'>): {
  readonly start: number;
  readonly end: number;
} {
  const { functions } = image;
  if (functions === undefined || functions.count === 0) throw new UserError('the program has no functions');
  return {
    start: module.toRuntime(functions.textStart),
    end: module.toRuntime(functions.end(functions.count - 1)),
  };
}
