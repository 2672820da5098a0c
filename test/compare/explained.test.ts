import { describe, expect, it } from 'vitest';
import type { Difference } from './differences.ts';
import { explanationOf } from './explained.ts';

function reason(
  category: Difference['category'],
  subject: string,
  delve: string,
  mattock: string,
  core = 'x 1.26.8 opt',
) {
  return explanationOf({ category, subject, delve, mattock, confirmedBy: undefined }, core)?.reason;
}

describe('explanations', () => {
  it('fit what they are about', () => {
    expect(
      reason('variables', 'goroutine 1 frame 2 main.f: local d', '1500000000', '1.5s (1500000000)'),
    ).toContain('Duration');
    const delve = 'error(syscall.Errno) EWOULDBLOCK (11)';
    expect(reason('variables', 'x', delve, 'error(syscall.Errno) EAGAIN (11)')).toContain('constants');
    expect(reason('expressions', 'print cap(s) in main.f', '0', 'error: optimised out')).toContain('dropped');
    // A number that has a name.
    expect(
      reason(
        'variables',
        'x',
        'runtime.gcTrigger {kind: gcTriggerHeap (0), n: 3}',
        'runtime.gcTrigger {kind: (optimised out), n: 3}',
      ),
    ).toContain('dropped');
    expect(
      reason(
        'variables',
        'x',
        'runtime.gcTrigger {kind: gcTriggerTime (1), n: 3}',
        'runtime.gcTrigger {kind: (optimised out), n: 3}',
      ),
    ).toBeUndefined();
    expect(reason('variables', 'x', 'error(*main.E) 0xc000012340', 'error(*main.E) 0xc0000aa000')).toContain(
      'pointer',
    );
  });

  it('do not fit a wrong value', () => {
    expect(reason('variables', 'x', '1500000000', '1.6s (1600000000)')).toBeUndefined();
    expect(reason('variables', 'x', 'EAGAIN (11)', 'EPERM (1)')).toBeUndefined();
    expect(reason('variables', 'x', '5', '6')).toBeUndefined();
    expect(reason('variables', 'x', '5', '(optimised out)')).toBeUndefined();
    expect(
      reason('variables', 'x', 'error(*main.E) 0xc000012340', 'error(*main.F) 0xc000012340'),
    ).toBeUndefined();
    const missing = '(unreadable could not find loclist entry at 0x1 for address 0x2)';
    expect(reason('variables', 'x', missing, '(no such variable)')).toBeUndefined();
    const inBody = 'goroutine 1 frame 11 main.walk-range2: local sum';
    expect(reason('variables', inBody, '(no such variable)', '44')).toContain('range-over-func');
    expect(reason('variables', inBody, '44', '(no such variable)')).toBeUndefined();
  });

  it('do not fit a missing frame or goroutine', () => {
    expect(reason('stacks', 'goroutine 1 frame 3', 'main.f /main.go:3', '(no such frame)')).toBeUndefined();
    expect(reason('stacks', 'goroutine 1 frame 3', '(no such frame)', 'main.f /main.go:3')).toBeUndefined();
    expect(reason('goroutines', 'goroutine 7 (_Gwaiting)', 'listed', 'not listed')).toBeUndefined();
    expect(
      reason('traceback', 'goroutine 1 printed frame 2', 'main.f /main.go:3', '(ends: bottom)'),
    ).toBeUndefined();
  });
});
