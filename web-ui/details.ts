import { type Model, processorName } from './model.ts';
import { duration, exactTime } from './words.ts';

type Child = Node | string;

export function element(
  name: string,
  attributes: Readonly<Record<string, string>> = {},
  ...children: Child[]
): HTMLElement {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** A colour of the legend. */
export const swatch = (light: string, dark: string): HTMLElement =>
  element('i', { style: `--light:${light};--dark:${dark}` });

type Go = (life: number, time: number) => void;

/** What is known of a span, in the panel. `go` jumps to a goroutine at a time. */
export function spanDetails(model: Model, span: number, go: Go): Node[] {
  const { data } = model;
  const life = model.lifeOfSpan[span]!;
  const start = data.start[span]!;
  const end = model.endOf(span);
  const facts: [string, Child][] = [['state', model.stateText(span)], ...times(start, end)];
  const object = data.objects[data.object[span]!] ?? '';
  if (object !== '') facts.push(['waits for', object]);
  if (data.proc[span]! > 0) facts.push(['on', processorName(data, data.proc[span]! - 1)]);
  const waker = data.waker[span]! - 1;
  if (waker >= 0) facts.push(['woken by', link(model, waker, end, go)]);
  const creator = data.creator[life]! - 1;
  if (creator >= 0) facts.push(['created by', link(model, creator, data.start[data.first[life]!]!, go)]);
  return [
    element('h2', {}, `Goroutine ${model.lifeLabel(life)}`),
    factList(facts),
    ...stack(model, 'Where', data.stack[span]!),
    ...stack(model, 'Where it was woken', data.wokenAt[span]!),
    ...stack(model, 'Where the goroutine was created', data.createdAt[life]!),
  ];
}

/** What is known of a traced call of a goroutine. */
export function callDetails(model: Model, life: number, call: number, go: Go): Node[] {
  const { strings, traced } = model.data;
  const [start, end] = [traced.start[call]!, traced.end[call]!];
  const returned = traced.results[call]! > 0;
  const values = (title: string, id: number): [string, Child][] => {
    const text = strings[id] ?? '';
    return text === '' ? [] : [[title, element('code', {}, text)]];
  };
  const facts: [string, Child][] = [
    ['call of', link(model, life, start, go)],
    ...values('arguments', traced.values[call]!),
    ...(returned ? values('results', traced.results[call]! - 1) : []),
    ...times(start, end),
    ...(returned ? [] : [['return', 'not seen: this is how long it was open'] as [string, Child]]),
    ...model
      .timesWithin(life, start, end)
      .map(([state, time]): [string, Child] => [
        `  ${state}`,
        `${duration(time)} (${((100 * time) / Math.max(1, end - start)).toFixed(0)} %)`,
      ]),
  ];
  return [
    element('h2', {}, model.callName(call)),
    factList(facts),
    ...stack(model, 'Where it was called', traced.stack[call]!),
  ];
}

const times = (start: number, end: number): [string, Child][] => [
  ['from', exactTime(start)],
  ['to', exactTime(end)],
  ['for', duration(end - start)],
];

function link(model: Model, life: number, time: number, go: Go): HTMLElement {
  const button = element('a', { href: '#', role: 'button' }, `goroutine ${model.lifeLabel(life)}`);
  button.addEventListener('click', (event) => {
    event.preventDefault();
    go(life, time);
  });
  return button;
}

function factList(facts: readonly (readonly [string, Child])[]): HTMLElement {
  const list = element('dl');
  for (const [name, value] of facts) list.append(element('dt', {}, name), element('dd', {}, value));
  return list;
}

function stack(model: Model, title: string, id: number): Node[] {
  const frames = model.frames(id);
  if (frames.length === 0) return [];
  const list = element('ol');
  for (const [name, file, line] of frames)
    list.append(element('li', {}, name, ...(file === '' ? [] : [element('span', {}, `${file}:${line}`)])));
  return [element('h3', {}, title), list];
}
