/** Lines of standard input as they come, so that a program at the other end can have a conversation. */
export async function* standardInputLines(): AsyncIterable<string> {
  process.stdin.setEncoding('utf8');
  let rest = '';
  for await (const chunk of process.stdin) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== '') yield rest;
}
