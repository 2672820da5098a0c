/** Where boxes of a drawing stand: columns from left to right, rows from top to bottom. */
export interface Layers {
  readonly columns: readonly (readonly number[])[];
  readonly columnOf: readonly number[];
}

const SWEEPS = 6;

/**
 * A layered drawing (Sugiyama, Tagawa, Toda 1981): every edge that does not close a circle leads to a later column, and
 * within a column boxes stand near the middle of what they are connected with, so that fewer edges cross.
 */
export function layered(
  count: number,
  edges: readonly { readonly from: number; readonly to: number }[],
): Layers {
  const columnOf = longestPaths(count, edges);
  const columns: number[][] = [];
  for (let node = 0; node < count; node++) {
    const column = columnOf[node]!;
    while (columns.length <= column) columns.push([]);
    columns[column]!.push(node);
  }
  const neighbours: number[][] = Array.from({ length: count }, () => []);
  for (const { from, to } of edges) {
    neighbours[from]!.push(to);
    neighbours[to]!.push(from);
  }
  const row = new Float64Array(count);
  const number = (column: readonly number[]): void => {
    column.forEach((node, i) => {
      row[node] = i - (column.length - 1) / 2;
    });
  };
  columns.forEach(number);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const order = sweep % 2 === 0 ? columns : [...columns].reverse();
    for (const column of order) {
      const middle = new Map(
        column.map((node) => {
          const near = neighbours[node]!;
          const sum = near.reduce((total, other) => total + row[other]!, 0);
          return [node, near.length === 0 ? row[node]! : sum / near.length];
        }),
      );
      column.sort((a, b) => middle.get(a)! - middle.get(b)!);
      number(column);
    }
  }
  return { columns, columnOf };
}

/** Column = longest way from a start, edges that close a circle left out (found by a walk in depth). */
function longestPaths(
  count: number,
  edges: readonly { readonly from: number; readonly to: number }[],
): number[] {
  const next: number[][] = Array.from({ length: count }, () => []);
  for (const { from, to } of edges) if (from !== to) next[from]!.push(to);
  const state = new Uint8Array(count);
  const order: number[] = [];
  const forward: [number, number][] = [];
  const visit = (node: number): void => {
    state[node] = 1;
    for (const to of next[node]!) {
      if (state[to] === 1) continue;
      forward.push([node, to]);
      if (state[to] === 0) visit(to);
    }
    state[node] = 2;
    order.push(node);
  };
  const entered = new Set(edges.map(({ to }) => to));
  for (let node = 0; node < count; node++) if (!entered.has(node) && state[node] === 0) visit(node);
  for (let node = 0; node < count; node++) if (state[node] === 0) visit(node);
  const column = new Array<number>(count).fill(0);
  const after: number[][] = Array.from({ length: count }, () => []);
  for (const [from, to] of forward) after[from]!.push(to);
  for (const node of order.reverse())
    for (const to of after[node]!) column[to] = Math.max(column[to]!, column[node]! + 1);
  return column;
}
