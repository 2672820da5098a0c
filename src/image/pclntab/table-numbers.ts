/** Which of a function's tables hold its inlining tree: the tree, and by pc the node in it. Checked in golang/runtime-facts. */
export const PCDATA_INL_TREE_INDEX = 2;
export const FUNCDATA_INL_TREE = 3;
