import type { Place } from '../../trace/analysis/index.ts';
import type { Role } from '../output/style.ts';

/**
 * A report before it is text or HTML: what a section says, in paragraphs, tables and lists. Renderers decide how each
 * looks; sections know nothing of widths, colours or tags.
 */
export type Block =
  | { readonly kind: 'heading'; readonly text: string }
  | { readonly kind: 'lines'; readonly lines: Iterable<string> }
  | {
      readonly kind: 'table';
      readonly columns: readonly Column[];
      readonly rows: readonly (readonly Cell[])[];
    }
  /** An SVG picture, for pages only. */
  | { readonly kind: 'picture'; readonly svg: Iterable<string> }
  /** Lines below a title that leads. */
  | {
      readonly kind: 'finding';
      readonly severity: string;
      readonly title: string;
      readonly place: Place | undefined;
      readonly lines: readonly string[];
    };

export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
}

export type Cell = string | PlaceCell | PaintedCell;

export interface PlaceCell {
  readonly place: Place | undefined;
}

export interface PaintedCell {
  readonly text: string;
  readonly role: Role;
}

/** Columns by their titles; those that begin with `>` are aligned to the right. */
export const columnsOf = (...titles: readonly string[]): readonly Column[] =>
  titles.map((title) =>
    title.startsWith('>') ? { title: title.slice(1), align: 'right' } : { title, align: 'left' },
  );
