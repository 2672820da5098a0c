import type { Model } from './model.ts';
import { duration } from './words.ts';

/** Lines of a tooltip with text in them. */
const lines = (...texts: readonly string[]): string => texts.filter((text) => text !== '').join('\n');

export function spanTip(model: Model, span: number): string {
  const [frame] = model.frames(model.data.stack[span]!);
  return lines(
    model.lifeLabel(model.lifeOfSpan[span]!),
    `${model.stateText(span)} for ${duration(model.endOf(span) - model.data.start[span]!)}`,
    frame === undefined ? '' : `${frame[0]} (${frame[1].slice(frame[1].lastIndexOf('/') + 1)}:${frame[2]})`,
  );
}

export function callTip(model: Model, call: number): string {
  const { strings, traced } = model.data;
  const took = duration(traced.end[call]! - traced.start[call]!);
  const results = traced.results[call]!;
  const [values, returned] = [strings[traced.values[call]!] ?? '', strings[results - 1] ?? ''];
  return lines(
    model.callName(call),
    values,
    returned === '' ? '' : `→ ${returned}`,
    results === 0 ? `${took}; its return was not seen` : took,
  );
}
