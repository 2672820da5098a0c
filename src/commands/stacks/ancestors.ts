import { type RuntimeAddress, runtimeAddress, UserError } from '../../base/index.ts';
import type { ShownValue } from '../../expr/index.ts';
import type { Context } from '../command.ts';
import { type LocationRow, locationRow } from '../output/text.ts';
import { showExpression } from '../session/values.ts';

/** A goroutine's creator, as the runtime has kept it (runtime2.go: ancestorInfo). */
export interface AncestorRow {
  readonly goroutine: number;
  readonly frames: readonly LocationRow[];
}

/**
 * `g.ancestors`: only filled when the program ran with GODEBUG=tracebackancestors=N (runtime/proc.go:
 * saveAncestors); the newest first.
 */
export function ancestorsOf(context: Context, most: number, depth: number): AncestorRow[] {
  const { goroutine } = context.scope;
  if (goroutine === undefined) throw new UserError('a thread without a goroutine has no ancestors');
  const field = { text: `(*runtime.g)(0x${goroutine.address.toString(16)}).ancestors`, column: 0 };
  const limits = {
    maxStringLength: 0,
    maxArrayValues: Math.max(most, depth),
    maxVariableRecurse: 4,
    maxStructFields: -1,
  };
  const shown = showExpression(context, field, limits);
  const list = shown.children[0]?.value;
  if (shown.base === 0 || list === undefined || list.children.length === 0) {
    throw new UserError(
      `goroutine ${goroutine.id} has no recorded ancestors`,
      'they are recorded when the program runs with GODEBUG=tracebackancestors=10',
    );
  }
  return list.children.slice(0, most).map(({ value }) => ancestorRow(context, value, depth));
}

function ancestorRow({ session }: Context, info: ShownValue, depth: number): AncestorRow {
  const field = (name: string): ShownValue | undefined =>
    info.children.find((child) => child.name === name)?.value;
  const pcs = (field('pcs')?.children ?? []).slice(0, depth).map(({ value }) => pcOf(value));
  return {
    goroutine: Number(field('goid')?.value ?? 0),
    frames: pcs.map((pc) => locationRow(session.program.locate(pc, true))),
  };
}

const pcOf = (value: ShownValue): RuntimeAddress => runtimeAddress(Number(value.value ?? 0));
