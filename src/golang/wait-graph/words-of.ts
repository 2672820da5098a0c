import { hex } from '../../base/index.ts';
import type { WaitFinding } from './findings.ts';
import {
  type GoroutineNode,
  isGoroutine,
  type Place,
  type WaitEdge,
  type WaitGraph,
  type WaitNode,
} from './graph.ts';

const MOST_IDS = 4;

/** `goroutine 18`, `200 goroutines (7, 8, 9, 10, …)`. */
export function goroutinesText({ goroutines }: GoroutineNode): string {
  if (goroutines.length === 1) return `goroutine ${goroutines[0]}`;
  const more = goroutines.length > MOST_IDS ? ', …' : '';
  return `${goroutines.length} goroutines (${goroutines.slice(0, MOST_IDS).join(', ')}${more})`;
}

export const objectText = (node: Exclude<WaitNode, GoroutineNode>): string =>
  node.address === 0 ? node.label : `${node.label} ${hex(node.address)}`;

export const nodeText = (node: WaitNode): string =>
  isGoroutine(node) ? goroutinesText(node) : objectText(node);

/** `main.send (main.go:12)`. */
export function placeText(place: Place | undefined): string {
  if (place?.function === undefined) return '';
  const file = place.file?.slice(place.file.lastIndexOf('/') + 1);
  return file === undefined ? place.function : `${place.function} (${file}:${place.line})`;
}

/** `waits: send`, `waits for`, `held by`, `may be served by`. */
export function edgeText({ kind, operation = 'wait' }: WaitEdge): string {
  if (kind === 'waits') return operation === 'wait' ? 'waits for' : `waits: ${operation}`;
  return kind === 'held' ? 'held by' : 'may be served by';
}

/** `certain` is not said, for it is what one expects; the rest is. */
export const certaintyText = ({ confidence, how }: WaitEdge): string =>
  confidence === 'certain' ? how : `${confidence}: ${how}`;

const NOBODY = {
  none: 'nobody can serve it',
  'likely-none': 'nobody is left to serve it, very likely',
  some: 'nobody serves it',
  unknown: 'nobody is known who serves it',
} as const;

/** Of what is waited for at the end of the path: that no edge leads on from there. */
export function nobodyText({ nodes, edges }: WaitGraph, { kind, path }: WaitFinding): string | undefined {
  const end = nodes[edges[path.at(-1) ?? -1]?.to ?? -1];
  if (kind !== 'never' || end === undefined || isGoroutine(end)) return undefined;
  return NOBODY[end.outside];
}

const FATES = {
  deadlock: { certain: 'deadlock', likely: 'deadlock, very likely', possible: 'a deadlock, perhaps' },
  never: {
    certain: 'nobody can ever wake them',
    likely: 'nobody is left who would wake them, very likely',
    possible: 'nobody is known who could wake them',
  },
  queue: {
    certain: 'waiting in line',
    likely: 'waiting in line, very likely',
    possible: 'waiting in line, perhaps',
  },
} as const;

export function headline({ kind, confidence, goroutines, similar }: WaitFinding): string {
  const many = goroutines === 1 ? '1 goroutine' : `${goroutines} goroutines`;
  const cases = similar > 0 ? `, in ${similar + 1} cases that look the same` : '';
  return `${FATES[kind][confidence]}: ${many}${cases}`;
}

const REASONS = {
  deadlock: {
    certain: 'each waits for the next, and nothing that can run leads to what they wait for',
    likely: 'each waits for the next, if those hold the locks that seem to',
    possible: 'each seems to wait for the next; the heap was not searched for others who could help',
  },
  never: {
    certain:
      'nothing that can run leads there: no stack, no package variable, nothing on the heap that these lead to',
    likely:
      'what can run leads there only through goroutines that are stuck, if those hold the locks that seem to',
    possible: 'no stack leads there; the heap was not searched',
  },
  queue: { certain: '', likely: '', possible: '' },
} as const;

export const reason = ({ kind, confidence }: WaitFinding): string => REASONS[kind][confidence];
