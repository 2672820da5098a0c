import { workerData } from 'node:worker_threads';
import { ControlBlock } from './control-block.ts';
import { openInline } from './inline-session.ts';
import { Line } from './line.ts';
import { executedReply, type PlainReply, type Reply, type Request, type WorkerData } from './messages.ts';
import { SessionError } from './session-client.ts';

/** Pieces of output on their way; more hold the command back until the terminal has shown some. */
const MOST_UNSHOWN = 4;
const PROGRESS_EVERY_MS = 200;
/** Behind a command the next one mostly follows at once, if it is a program that gives them. */
const NEXT_MS = 2;

type FarEnd = Line<Reply | PlainReply, Request>;

async function open(line: FarEnd, atEnd: () => void): Promise<void> {
  const { options, control: buffer } = workerData as WorkerData;
  const control = new ControlBlock(buffer);
  const reply = (message: Reply): void => line.send(message);
  let unshown = 0;
  let resume: (() => void) | undefined;
  let lastProgress = 0;
  const session = await openInline(options, {
    cancelled: () => control.cancelled,
    onRunning: (pid) => {
      control.running = pid;
    },
    onTerminal: (descriptor) => reply({ kind: 'terminal', descriptor }),
    progress(what, done, total) {
      const now = performance.now();
      if (now - lastProgress < PROGRESS_EVERY_MS) return;
      lastProgress = now;
      reply({ kind: 'progress', what, done, total });
    },
  });
  let rest = '';
  const write = (text: string, last: boolean): void | Promise<void> => {
    if (last) {
      rest = text;
      return;
    }
    reply({ kind: 'output', text });
    if (++unshown < MOST_UNSHOWN) return;
    return new Promise((resolve) => {
      resume = resolve;
    });
  };
  // Whatever happens to this thread, the program that it traces goes on as it was.
  process.once('uncaughtExceptionMonitor', () => session.abandon());
  const answer = async (request: Request): Promise<void> => {
    if (request.kind === 'close') {
      let warnings: readonly string[] = [];
      try {
        if (request.leave) session.abandon();
        else warnings = await session.close();
      } finally {
        control.setClosed();
        if (!request.leave) atEnd();
        reply({ kind: 'closed', warnings });
      }
    } else if (request.kind === 'shown') {
      unshown--;
      resume?.();
      resume = undefined;
    } else if (request.kind === 'execute') {
      rest = '';
      const outcome = await session.execute(request.line, request.options, write);
      line.send(executedReply(request.id, outcome, rest));
    } else {
      reply({ kind: 'completed', id: request.id, completion: await session.complete(request.line) });
    }
  };
  line.listen(async (first) => {
    let request: Request | undefined = first;
    while (request !== undefined) {
      await answer(request);
      request = request.kind === 'execute' ? line.take(NEXT_MS) : undefined;
    }
  });
  reply({ kind: 'opened', warnings: session.warnings });
}

/**
 * The far end of a session in a worker thread: opens it, takes requests one by one and answers them. `atEnd` is called
 * when it was closed in good order.
 */
export function serve(atEnd: () => void): void {
  const { port, counts } = workerData as WorkerData;
  const line: FarEnd = new Line(port, counts, 'far');
  open(line, atEnd).catch((error: unknown) => {
    if (!(error instanceof SessionError)) throw error;
    const message: Reply = { kind: 'failed', error: error.facts };
    line.send(message);
  });
}
