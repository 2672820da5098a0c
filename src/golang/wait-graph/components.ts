/**
 * Strongly connected components (Tarjan 1972, without recursion: a chain may be a hundred thousand nodes long). Returns
 * those of more than one node, and those of one that leads to itself. `next` gives a node's successors.
 */
export function cycles(count: number, next: (node: number) => readonly number[]): readonly number[][] {
  const order = new Int32Array(count).fill(-1);
  const low = new Int32Array(count);
  const onStack = new Uint8Array(count);
  const stack: number[] = [];
  const found: number[][] = [];
  let clock = 0;
  const path: { readonly node: number; readonly successors: readonly number[]; at: number }[] = [];
  const enter = (node: number): void => {
    order[node] = low[node] = clock++;
    stack.push(node);
    onStack[node] = 1;
    path.push({ node, successors: next(node), at: 0 });
  };
  const leave = (node: number, successors: readonly number[]): void => {
    const caller = path.at(-1);
    if (caller !== undefined) low[caller.node] = Math.min(low[caller.node]!, low[node]!);
    if (low[node] !== order[node]) return;
    const component = stack.splice(stack.lastIndexOf(node));
    for (const member of component) onStack[member] = 0;
    if (component.length > 1 || successors.includes(node)) found.push(component);
  };
  for (let root = 0; root < count; root++) {
    if (order[root] !== -1) continue;
    enter(root);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const successor = top.successors[top.at++];
      if (successor === undefined) {
        path.pop();
        leave(top.node, top.successors);
      } else if (order[successor] === -1) enter(successor);
      else if (onStack[successor] === 1) low[top.node] = Math.min(low[top.node]!, order[successor]!);
    }
  }
  return found;
}
