import { hex, type RuntimeAddress, UserError } from '../../base/index.ts';
import { SHORT_LIMITS } from '../../expr/index.ts';
import type { Program } from '../../golang/index.ts';
import { Hchan } from '../../golang/runtime-facts/structs.ts';
import { layoutIn } from '../../golang/values/shapes.ts';
import { Source } from '../../golang/values/source.ts';
import type { Context } from '../command.ts';
import type { Typed } from '../language/cursor.ts';
import { evaluateAddress, showExpression } from './values.ts';

/** The hchan of a channel's value, or an address that can be one's. */
export function channelAddress(context: Context, expression: Typed): RuntimeAddress {
  const { text, column } = expression;
  const shown = showExpression(context, expression, SHORT_LIMITS);
  if (shown.kind === 'chan' && shown.base !== undefined) return shown.base;
  const isAddress = shown.type === '' || shown.kind === 'int' || shown.kind === 'unsafe-pointer';
  if (!isAddress && !/^\*runtime\.hchan|^\*hchan</.test(shown.type)) {
    throw new UserError(`${text} is no channel: its type is ${shown.type}`, undefined, column);
  }
  const address = evaluateAddress(context, expression);
  const problem = address === 0 ? undefined : problemOf(context.session.program, address);
  if (problem === undefined) return address;
  throw new UserError(`no channel is at ${hex(address)}: ${problem}`, '`goroutines` shows addresses', column);
}

/** What tells that no `runtime.hchan` is at an address; undefined: it looks like one. */
function problemOf(program: Program, address: RuntimeAddress): string | undefined {
  const { memory } = program.target;
  const type = program.typeNamed('runtime.hchan');
  const layout = layoutIn(type, Hchan);
  if (memory.tryRead(address, type?.size ?? 8) === undefined) return 'that memory is not there';
  if (layout === undefined) return undefined;
  const source = Source.memory(memory, address);
  const [length, capacity] = [source.uint64(layout.length), source.uint64(layout.capacity)];
  const plausible = length <= capacity && source.uint32(layout.closed) <= 1;
  return plausible && pointsTo(program, source.pointer(layout.elementType))
    ? undefined
    : 'that is something else';
}

/** A channel knows the type of its elements. */
const pointsTo = ({ target }: Program, address: RuntimeAddress): boolean =>
  target.memory.tryRead(address, 1) !== undefined;
