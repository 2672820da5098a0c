import type { Model, Row } from './model.ts';
import type { Strip } from './runtime-strip.ts';

export const ROW = 20;
export const BAR = 14;
export const AXIS = 24;
export const LABELS = 210;
/** Bars that are narrower have no text. */
export const NAME_WIDTH = 60;

export interface View {
  /** Time at the left edge of the bars, and nanoseconds a pixel. */
  from: number;
  scale: number;
  /** Pixels that are scrolled away above. */
  top: number;
  /** Pixels above the rows: of the axis and the runtime's strip. */
  head: number;
}

export interface Theme {
  readonly dark: boolean;
  readonly paper: string;
  readonly ink: string;
  readonly soft: string;
  readonly line: string;
}

export interface Drawing {
  readonly context: CanvasRenderingContext2D;
  readonly width: number;
  readonly height: number;
  readonly theme: Theme;
  readonly model: Model;
  readonly rows: readonly Row[];
  readonly view: View;
  /** Only this kind in full colour; −1: all. */
  readonly kind: number;
  readonly selectedRow: number;
  /** A span or a call, by what its row is of. */
  readonly selectedItem: number;
  readonly strip: Strip;
  /** Calls that the filter found. */
  readonly found: Uint32Array | undefined;
}

export const yOf = (row: number, view: View): number => view.head + row * ROW - view.top;
export const xOf = (time: number, view: View): number => LABELS + (time - view.from) / view.scale;

/** As much of a text as there is room for; a character is about 6 pixels wide. */
export function cut(context: CanvasRenderingContext2D, text: string, room: number): string {
  if (context.measureText(text).width <= room) return text;
  const length = Math.max(0, Math.floor((text.length * room) / context.measureText(text).width) - 1);
  return length < 3 ? '' : `${text.slice(0, length)}…`;
}
