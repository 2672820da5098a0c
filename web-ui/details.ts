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

/** What is known of a span, in the panel. `go` jumps to a goroutine at a time. */
export function spanDetails(model: Model, span: number, go: (life: number, time: number) => void): Node[] {
  const { data } = model;
  const life = model.lifeOfSpan[span]!;
  const start = data.start[span]!;
  const end = model.endOf(span);
  const link = (of: number, time: number): HTMLElement => {
    const button = element('a', { href: '#', role: 'button' }, `goroutine ${model.lifeLabel(of)}`);
    button.addEventListener('click', (event) => {
      event.preventDefault();
      go(of, time);
    });
    return button;
  };
  const facts: [string, Child][] = [
    ['state', model.stateText(span)],
    ['from', exactTime(start)],
    ['to', exactTime(end)],
    ['for', duration(end - start)],
  ];
  const object = data.objects[data.object[span]!] ?? '';
  if (object !== '') facts.push(['waits for', object]);
  if (data.proc[span]! > 0) facts.push(['on', processorName(data, data.proc[span]! - 1)]);
  const waker = data.waker[span]! - 1;
  if (waker >= 0) facts.push(['woken by', link(waker, end)]);
  const creator = data.creator[life]! - 1;
  if (creator >= 0) facts.push(['created by', link(creator, data.start[data.first[life]!]!)]);
  const list = element('dl');
  for (const [name, value] of facts) list.append(element('dt', {}, name), element('dd', {}, value));
  return [
    element('h2', {}, `Goroutine ${model.lifeLabel(life)}`),
    list,
    ...stack(model, 'Where', data.stack[span]!),
    ...stack(model, 'Where it was woken', data.wokenAt[span]!),
    ...stack(model, 'Where the goroutine was created', data.createdAt[life]!),
  ];
}

function stack(model: Model, title: string, id: number): Node[] {
  const frames = model.frames(id);
  if (frames.length === 0) return [];
  const list = element('ol');
  for (const [name, file, line] of frames)
    list.append(element('li', {}, name, ...(file === '' ? [] : [element('span', {}, `${file}:${line}`)])));
  return [element('h3', {}, title), list];
}
