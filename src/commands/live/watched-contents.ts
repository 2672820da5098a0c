import { UserError } from '../../base/index.ts';
import type { WatchRequest } from '../../debugger/index.ts';
import type { Value } from '../../expr/index.ts';
import type { Program } from '../../golang/index.ts';

export function contentsOf(_program: Program, text: string, _value: Value): WatchRequest {
  throw new UserError(`the contents of ${text} cannot be watched yet`);
}
