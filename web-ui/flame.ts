import { STATE } from '../src/trace/events.ts';
import type { Theme } from './drawing.ts';
import { functionColour } from './function-colour.ts';
import type { Model } from './model.ts';

/** A place of a flame graph: a function under its callers. */
export interface Flame {
  readonly name: string;
  readonly parent: Flame | undefined;
  readonly depth: number;
  weight: number;
  /** Of calls: how many, and how long the longest took. */
  calls?: { readonly count: number; readonly longest: number };
  readonly children: Map<string, Flame>;
}

/** A box of a drawn flame graph. */
export interface FlameBox {
  readonly flame: Flame;
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

const STEP = 19;

const flameOf = (name: string, parent: Flame | undefined): Flame => ({
  name,
  parent,
  depth: parent === undefined ? 0 : parent.depth + 1,
  weight: 0,
  children: new Map(),
});

/**
 * Time by stack. Waiting: what each goroutine waited, by where. Running: samples of the profiler if there are any, else
 * the time until each place where a goroutine stopped running (the trace knows no other).
 */
export function flames(
  model: Model,
  which: 'waiting' | 'running',
): { readonly root: Flame; readonly unit: 'ns' | 'samples' } {
  const { data } = model;
  const byStack = new Float64Array(data.stacks.length);
  const unit = which === 'running' && data.samples.length > 0 ? 'samples' : 'ns';
  if (unit === 'samples') for (const [stack, count] of data.samples) byStack[stack] = byStack[stack]! + count;
  else {
    const wanted = which === 'waiting' ? STATE.waiting : STATE.running;
    for (let span = 0; span < data.spans; span++) {
      if (data.state[span] !== wanted) continue;
      const last = span + 1 === data.first[model.lifeOfSpan[span]! + 1];
      const stack = which === 'waiting' ? data.stack[span]! : last ? 0 : data.stack[span + 1]!;
      byStack[stack] = byStack[stack]! + model.endOf(span) - data.start[span]!;
    }
  }
  const root = flameOf(which === 'waiting' ? 'all waiting' : 'all running', undefined);
  byStack.forEach((weight, stack) => {
    if (weight === 0) return;
    root.weight += weight;
    const names =
      stack === 0
        ? ['(stack not known)']
        : model
            .frames(stack)
            .map(([name]) => name)
            .reverse();
    let at = root;
    for (const name of names) {
      let child = at.children.get(name);
      if (child === undefined) {
        child = flameOf(name, at);
        at.children.set(name, child);
      }
      child.weight += weight;
      at = child;
    }
  });
  return { root, unit };
}

/** Traced calls by path: time from call to return. */
export function callFlames({ data }: Model): { readonly root: Flame; readonly unit: 'ns' } {
  const root = flameOf('all traced calls', undefined);
  const made: Flame[] = [];
  for (const [name, parent, count, own, longest] of data.calls) {
    const around = made[parent] ?? root;
    const flame = flameOf(name, around);
    flame.calls = { count, longest };
    around.children.set(name, flame);
    made.push(flame);
    for (let at: Flame | undefined = flame; at !== undefined; at = at.parent) at.weight += own;
  }
  return { root, unit: 'ns' };
}

/** Draws the graph below a place, its callers above it in full width. Returns the boxes, for the mouse. */
export function drawFlames(
  context: CanvasRenderingContext2D,
  size: { readonly width: number; readonly height: number; readonly theme: Theme; readonly query: string },
  chosen: Flame,
  top: number,
): readonly FlameBox[] {
  const { width, height, theme, query } = size;
  context.fillStyle = theme.paper;
  context.fillRect(0, 0, width, height);
  context.font = '12px system-ui, "DejaVu Sans", sans-serif';
  context.textBaseline = 'middle';
  const boxes: FlameBox[] = [];
  const put = (flame: Flame, x: number, room: number): void => {
    const y = 8 + flame.depth * STEP - top;
    if (room < 1 || y > height) return;
    boxes.push({ flame, x, y, width: room });
    if (y > -STEP)
      drawBox(
        context,
        theme,
        { flame, x, y, width: room },
        functionColour(flame.name, theme, query !== '' && flame.name.toLowerCase().includes(query)),
      );
    if (flame.depth < chosen.depth) return;
    let at = x;
    for (const child of [...flame.children.values()].sort((a, b) => b.weight - a.weight)) {
      const share = flame.weight === 0 ? 0 : (child.weight / flame.weight) * room;
      put(child, at, share);
      at += share;
    }
  };
  for (let above = chosen.parent; above !== undefined; above = above.parent) put(above, 8, width - 16);
  put(chosen, 8, width - 16);
  return boxes;
}

function drawBox(
  context: CanvasRenderingContext2D,
  theme: Theme,
  { flame, x, y, width }: FlameBox,
  fill: string,
): void {
  context.fillStyle = fill;
  context.fillRect(x, y, Math.max(0.5, width - 1), STEP - 1);
  const letters = Math.floor((width - 8) / 6.6);
  if (letters < 4) return;
  context.fillStyle = theme.dark ? '#f2f4f6' : '#1c2733';
  const text = flame.name.length > letters ? `${flame.name.slice(0, letters - 1)}…` : flame.name;
  context.fillText(text, x + 4, y + STEP / 2);
}
