import type { Source } from './source.ts';

/** One entry of a map, valid until the next is asked for. */
export interface MapEntry {
  readonly key: Source;
  readonly keyOffset: number;
  readonly element: Source;
  readonly elementOffset: number;
}
