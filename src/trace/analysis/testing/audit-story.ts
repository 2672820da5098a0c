import { STATE } from '../../events.ts';
import type { Subject } from '../subject.ts';
import { Story } from './story.ts';

const GO = '/usr/local/go/src';
export const AUDIT = 7;
export const SEND = [
  `runtime.chansend1 ${GO}/runtime/chan.go:161`,
  'main.(*shop).record.func1 /x/shop.go:70',
];
const LOCK = [`sync.(*Mutex).Lock ${GO}/sync/mutex.go:46`, 'main.(*shop).order /x/shop.go:56'];
const WAIT = [`sync.(*WaitGroup).Wait ${GO}/sync/waitgroup.go:118`, 'main.(*shop).order /x/shop.go:59'];
const RECEIVE = [`runtime.chanrecv2 ${GO}/runtime/chan.go:514`, 'main.(*audit).run /x/audit.go:28'];
const SERVE = `net/http.(*conn).serve ${GO}/net/http/server.go:1900`;
const ACCEPT = `net/http.(*Server).Serve ${GO}/net/http/server.go:3400`;
const STARTED = 'main.(*shop).record.func1 /x/shop.go:68';
const RECORD = ['main.(*shop).record /x/shop.go:68', 'main.(*shop).order /x/shop.go:54'];
const MS = 1e6;

/**
 * What examples/leaky-server does, told small: handlers 100, 101, … each start one sender 200, 201, …; the audit
 * receives from the first two and ends; the third holds the lock and waits for its sender, the others for the lock.
 */
export function auditStory(handlers = 8): Subject {
  const story = new Story();
  story.known(0, 1, STATE.running);
  story.create(0, 1, AUDIT, 'main.(*audit).run /x/audit.go:26', 'main.newAudit /x/audit.go:20').run(1, AUDIT);
  for (let i = 0; i < handlers; i++) {
    const [handler, sender, at] = [100 + i, 200 + i, (i + 1) * 10 * MS];
    story.create(at, 1, handler, SERVE, ACCEPT);
    story.run(at + 1, handler);
    story.create(at + 2, handler, sender, STARTED, RECORD);
    story.run(at + 3, sender, 1).block(at + 10, sender, 'chan send', SEND);
    if (i < 2) served(story, handler, sender, at);
    else if (i === 2) {
      story.end(at + 15, AUDIT);
      story.block(at + 20, handler, 'sync', WAIT);
    } else story.block(at + 20, handler, 'sync', LOCK);
  }
  return story.subject((handlers + 2) * 10 * MS);
}

function served(story: Story, handler: number, sender: number, at: number): void {
  story.block(at + 20, handler, 'sync', WAIT);
  story.wake(at + 30, sender, AUDIT, RECEIVE).run(at + 40, sender, 1);
  story.wake(at + 50, handler, sender, [
    `sync.(*WaitGroup).Done ${GO}/sync/waitgroup.go:150`,
    'main.(*shop).record.func1 /x/shop.go:71',
  ]);
  story
    .end(at + 60, sender)
    .run(at + 70, handler)
    .end(at + 80, handler);
}

/** The same, with a trace that begins when all hang already; handlers go on to come. */
export function lateStory(): Subject {
  const story = new Story();
  story.known(0, 1, STATE.running);
  story.known(0, 102, STATE.waiting, 'sync', [...WAIT, SERVE]);
  story.known(0, 202, STATE.waiting, 'chan send', SEND);
  for (let i = 3; i < 10; i++) {
    const at = i * 10 * MS;
    story.create(at, 1, 100 + i, SERVE, ACCEPT).run(at + 1, 100 + i);
    story.create(at + 2, 100 + i, 200 + i, STARTED, RECORD).run(at + 3, 200 + i, 1);
    story.block(at + 10, 200 + i, 'chan send', SEND).block(at + 20, 100 + i, 'sync', [...LOCK, SERVE]);
  }
  return story.subject(110 * MS);
}
