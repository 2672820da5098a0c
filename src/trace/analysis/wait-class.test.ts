import { describe, expect, it } from 'vitest';
import type { WaitObject } from '../wait-object.ts';
import { Story } from './testing/story.ts';
import { WAIT_CLASSES, WaitClasses } from './wait-class.ts';

function classOf(reason: string, frames: readonly string[] = [], object?: WaitObject): string {
  const story = new Story();
  const id = story.stack(frames);
  const text = story.builder.string(reason);
  const at = object === undefined ? 0 : story.builder.object(object);
  return WAIT_CLASSES[new WaitClasses(story.builder.build()).of(text, at, id)]!;
}

const LOCK = 'sync.(*Mutex).Lock /go/src/sync/mutex.go:46';

describe('the kind of a wait', () => {
  it('is what the reason says', () => {
    expect(classOf('chan send')).toBe('chan send');
    expect(classOf('chan receive (nil chan)')).toBe('forever');
    expect(classOf('select (no cases)')).toBe('forever');
    expect(classOf('network')).toBe('network');
    expect(classOf('sync.(*Cond).Wait')).toBe('cond');
    expect(classOf('sync.RWMutex.RLock')).toBe('rwmutex read');
    expect(classOf('GC background sweeper wait')).toBe('gc');
    expect(classOf('something new')).toBe('other');
  });

  it('is told by the stack where the reason is "sync", or none', () => {
    expect(classOf('sync')).toBe('sync');
    expect(classOf('sync', [LOCK, 'main.f /x/a.go:1'])).toBe('mutex');
    expect(classOf('sync', ['internal/sync.(*Mutex).lockSlow /go/src/internal/sync/mutex.go:1', LOCK])).toBe(
      'mutex',
    );
    expect(classOf('sync', [LOCK, 'sync.(*RWMutex).Lock /go/src/sync/rwmutex.go:1'])).toBe('rwmutex write');
    expect(classOf('sync', ['sync.(*WaitGroup).Wait /go/src/sync/waitgroup.go:1'])).toBe('waitgroup');
    expect(classOf('sync', ['runtime.gcMarkDone /go/src/runtime/mgc.go:1', 'main.f /x/a.go:1'])).toBe('gc');
    expect(classOf('preempted', ['main.f /x/a.go:1'])).toBe('gc');
    expect(classOf('system goroutine wait')).toBe('system');
    expect(classOf('system goroutine wait', ['runtime.gcBgMarkWorker /go/src/runtime/mgc.go:1'])).toBe('gc');
    expect(classOf('', ['runtime.forcegchelper /go/src/runtime/proc.go:1'])).toBe('system');
    expect(classOf('', ['runtime.selectgo /go/src/runtime/select.go:1', 'main.f /x/a.go:1'])).toBe('select');
  });

  it('is not that of a function further out', () => {
    const frames = ['runtime.chanrecv1 /go/src/runtime/chan.go:1', 'main.f /x/a.go:1', LOCK];
    expect(classOf('', frames)).toBe('chan receive');
  });

  it('is what the object is, if it is known', () => {
    expect(classOf('sync', [LOCK], { kind: 'waitgroup', address: 1 })).toBe('waitgroup');
    expect(classOf('sync', [LOCK], { kind: 'semaphore', address: 1 })).toBe('mutex');
  });
});
