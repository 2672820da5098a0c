import { AT } from './constants.ts';
import { type Die, INFO, readDie } from './die.ts';

/** A DIE with what is below it. */
export interface DieNode {
  readonly die: Die;
  readonly children: readonly DieNode[];
}

const MAX_DEPTH = 512;
/** Far above the largest function known; bounds what a damaged file can make us keep. */
const MAX_NODES = 1 << 19;

/** Reads everything below a DIE. */
export function readTree(root: Die): DieNode {
  const { unit } = root;
  const top: { die: Die; children: DieNode[] } = { die: root, children: [] };
  if (!root.hasChildren) return top;
  const open: { children: DieNode[] }[] = [top];
  let at = root.next;
  for (let nodes = 0; open.length > 0; ) {
    if (at >= unit.end) break;
    const die = readDie(unit, at);
    if (die === undefined) {
      open.pop();
      at++;
      continue;
    }
    if (++nodes > MAX_NODES) throw tooMany(root);
    const node = { die, children: [] };
    open[open.length - 1]!.children.push(node);
    if (die.hasChildren) {
      if (open.length >= MAX_DEPTH) {
        throw unit.sections.error(INFO, die.offset, `entries are nested ${MAX_DEPTH} deep`);
      }
      open.push(node);
    }
    at = die.next;
  }
  return top;
}

/** The direct children of a DIE. */
export function* childrenOf(parent: Die): Generator<Die> {
  if (!parent.hasChildren) return;
  const { unit } = parent;
  let at = parent.next;
  let depth = 1;
  for (let nodes = 0; depth > 0 && at < unit.end; ) {
    const die = readDie(unit, at);
    if (die === undefined) {
      depth--;
      at++;
      continue;
    }
    if (++nodes > MAX_NODES) throw tooMany(parent);
    if (depth === 1) yield die;
    at = die.next;
    if (!die.hasChildren) continue;
    const sibling = die.isReference(AT.sibling) ? die.reference(AT.sibling)! : 0;
    if (sibling > at && sibling <= unit.end) at = sibling;
    else depth++;
  }
}

function tooMany(die: Die): Error {
  return die.unit.sections.error(INFO, die.offset, `has more than ${MAX_NODES} entries below it`);
}
