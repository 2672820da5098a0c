import { describe, expect, it } from 'vitest';
import type { Answers, GoroutineAnswer, VariableAnswer } from './answers.ts';
import { compare } from './differences.ts';

const at = (name: string, line: number) => ({ function: name, file: '/src/main.go', line });

const GOROUTINE: GoroutineAnswer = {
  id: 1,
  state: '_Gwaiting',
  waitReason: 'chan receive',
  thread: 0,
  labels: '',
  current: at('runtime.gopark', 1),
  user: at('main.f', 2),
  goStatement: at('main.main', 3),
  start: at('main.f', 4),
  waitsFor: '0xc000012340',
  frames: [
    { ...at('main.f', 2), pc: 2, variables: [{ name: 'x', role: 'local', text: '1' }] },
    { ...at('main.main', 9), pc: 9, variables: [] },
  ],
  problem: '',
};
const ASKED = { in: 'main.f', expression: 'x', goroutine: 1, frame: 0 };
const ANSWERS: Answers = {
  goroutines: [GOROUTINE],
  expressions: [
    { ...ASKED, text: '1', error: undefined },
    { ...ASKED, text: undefined, error: 'no such symbol' },
  ],
};

function changed(change: Partial<GoroutineAnswer>): Answers {
  return { ...ANSWERS, goroutines: [{ ...GOROUTINE, ...change }] };
}

function subjects(mattock: Answers): string[] {
  return compare(ANSWERS, mattock).differences.map(({ category, subject }) => `${category}: ${subject}`);
}

describe('comparing answers', () => {
  it('finds no difference where there is none, and counts what it looked at', () => {
    const { compared, differences } = compare(ANSWERS, ANSWERS);
    expect(differences).toEqual([]);
    expect(compared).toEqual({
      goroutines: 1,
      states: 4,
      waits: 1,
      locations: 4,
      stacks: 2,
      variables: 1,
      expressions: 2,
      traceback: 0,
    });
  });

  it('finds goroutines that only one of them lists', () => {
    expect(subjects({ ...ANSWERS, goroutines: [] })).toEqual(['goroutines: goroutine 1 (_Gwaiting)']);
    const two = { ...ANSWERS, goroutines: [GOROUTINE, { ...GOROUTINE, id: 2 }] };
    expect(subjects(two)).toEqual(['goroutines: goroutine 2 (_Gwaiting)']);
  });

  it('finds other states and places', () => {
    expect(subjects(changed({ waitReason: 'select' }))).toEqual([
      'states: goroutine 1 wait reason (_Gwaiting)',
    ]);
    expect(subjects(changed({ waitsFor: '0xc000012348' }))).toEqual(['waits: goroutine 1 (chan receive)']);
    expect(subjects(changed({ waitsFor: undefined }))).toEqual(['waits: goroutine 1 (chan receive)']);
    expect(subjects(changed({ user: at('main.f', 3) }))).toEqual(['locations: goroutine 1 user']);
  });

  it('finds frames that are missing or elsewhere, and compares no variables of those', () => {
    const [inner, outer] = GOROUTINE.frames;
    expect(subjects(changed({ frames: [inner!] }))).toEqual(['stacks: goroutine 1 frame 1']);
    expect(subjects(changed({ frames: [{ ...inner!, line: 5, variables: [] }, outer!] }))).toEqual([
      'stacks: goroutine 1 frame 0',
    ]);
  });

  it('finds variables with other text, missing, and too many', () => {
    const withVariables = (...variables: VariableAnswer[]) =>
      subjects(changed({ frames: [{ ...GOROUTINE.frames[0]!, variables }, GOROUTINE.frames[1]!] }));
    const subject = 'variables: goroutine 1 frame 0 main.f: local';
    expect(withVariables({ name: 'x', role: 'local', text: '2' })).toEqual([`${subject} x`]);
    expect(withVariables()).toEqual([`${subject} x`]);
    const x = { name: 'x', role: 'local', text: '1' } as const;
    expect(withVariables(x, { ...x, text: '3' })).toEqual([`${subject} x #2`]);
  });

  it('takes two errors as agreement, and an error against a value as none', () => {
    const [value, refused] = ANSWERS.expressions;
    const otherWords = { ...refused!, error: 'in other words' };
    expect(subjects({ ...ANSWERS, expressions: [value!, otherWords] })).toEqual([]);
    expect(subjects({ ...ANSWERS, expressions: [refused!, value!] })).toHaveLength(2);
  });
});
