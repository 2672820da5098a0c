import { decodePage, type PageData } from '../src/trace/export/page-data.ts';
import type { PageRuntime } from '../src/trace/export/page-runtime.ts';
import { callDetails, element, spanDetails, swatch } from './details.ts';
import { AXIS, LABELS, ROW, type Theme, type View, xOf, yOf } from './drawing.ts';
import { callFlames, drawFlames, type Flame, type FlameBox, flames } from './flame.ts';
import { KINDS } from './kinds.ts';
import { Model, type Row } from './model.ts';
import { HEAP_COLOURS, makeStrip, type Strip, stripTip } from './runtime-strip.ts';
import { search } from './search.ts';
import { drawTimeline } from './timeline.ts';
import { callTip, spanTip } from './tips.ts';
import { duration, exactTime } from './words.ts';

const TABS = ['goroutines', 'processors', 'off', 'on', 'calls', 'findings'] as const;
type Tab = (typeof TABS)[number];
type FlameTab = Extract<Tab, 'off' | 'on' | 'calls'>;

const find = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;

async function load(): Promise<PageData> {
  const script = find('data');
  const bytes = fromBase64(script.textContent ?? '');
  script.remove();
  const stream = new Blob([bytes as BlobPart]).stream().pipeThrough(new DecompressionStream('gzip'));
  return decodePage(new Uint8Array(await new Response(stream).arrayBuffer()));
}

function fromBase64(text: string): Uint8Array {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

const isFlames = (tab: Tab): tab is FlameTab => tab === 'off' || tab === 'on' || tab === 'calls';

class Page {
  readonly #model: Model;
  readonly #canvas = find<HTMLCanvasElement>('canvas');
  readonly #context = this.#canvas.getContext('2d', { alpha: false })!;
  readonly #view: View = { from: 0, scale: 1, top: 0, head: AXIS };
  #rows: readonly Row[];
  /** Goroutines that the filter lets through. */
  #goroutines: readonly Row[];
  /** Calls that it found. */
  #found: Uint32Array | undefined;
  #foundInTime: Uint32Array | undefined;
  /** Goroutines of which all levels of calls are shown. */
  readonly #unfolded = new Set<number>();
  #strip: Strip;
  #tab: Tab = 'goroutines';
  #query = '';
  #kind = -1;
  #row = -1;
  /** The span or the call that is chosen, by what its row is of. */
  #item = -1;
  #width = 0;
  #height = 0;
  #due = false;
  #flames: Partial<Record<FlameTab, ReturnType<typeof flames>>> = {};
  #flame: Flame | undefined;
  #boxes: readonly FlameBox[] = [];
  /** For measurements: milliseconds that drawing took. */
  readonly frames: number[] = [];

  constructor(data: PageData) {
    this.#model = new Model(data);
    this.#goroutines = this.#model.goroutines;
    this.#rows = this.#goroutines;
    this.#strip = this.#stripOf(0);
    find('title').textContent = data.name;
    document.title = `${data.name}: goroutine trace`;
    this.#legend();
    this.#findings();
    this.#listen();
    new ResizeObserver(() => this.#resize()).observe(find('stage'));
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#redraw());
    this.#resize();
    this.fit();
    this.#filter('');
    this.#select(-1, -1);
    find('tab-calls').hidden = data.calls.length === 0;
    if (data.findings.length > 0) this.#hint();
  }

  fit(): void {
    this.#view.from = 0;
    this.#view.scale = Math.max(1e-3, this.#model.data.duration / Math.max(1, this.#width - LABELS));
    this.#flame = undefined;
    this.#redraw();
  }

  #hint(): void {
    find('tab-findings').textContent = `Findings (${this.#model.data.findings.length})`;
  }

  get #timeline(): boolean {
    return this.#tab === 'goroutines' || this.#tab === 'processors';
  }

  #theme(): Theme {
    const style = getComputedStyle(document.documentElement);
    const value = (name: string): string => style.getPropertyValue(name).trim();
    return {
      dark: matchMedia('(prefers-color-scheme: dark)').matches,
      paper: value('--paper'),
      ink: value('--ink'),
      soft: value('--soft'),
      line: value('--line'),
    };
  }

  #resize(): void {
    const { clientWidth, clientHeight } = find('stage');
    const ratio = devicePixelRatio;
    this.#width = clientWidth;
    this.#height = clientHeight;
    this.#canvas.width = Math.round(clientWidth * ratio);
    this.#canvas.height = Math.round(clientHeight * ratio);
    this.#context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.#redraw();
  }

  #redraw(): void {
    if (this.#due) return;
    this.#due = true;
    requestAnimationFrame(() => {
      this.#due = false;
      this.draw();
    });
  }

  draw(): void {
    const begun = performance.now();
    const size = { context: this.#context, width: this.#width, height: this.#height, theme: this.#theme() };
    if (this.#timeline) {
      this.#clamp();
      drawTimeline({
        ...size,
        model: this.#model,
        rows: this.#rows,
        view: this.#view,
        kind: this.#kind,
        selectedRow: this.#row,
        selectedItem: this.#item,
        strip: this.#strip,
        found: this.#found,
      });
    } else if (isFlames(this.#tab)) {
      const { root } = this.#flamesOf(this.#tab);
      this.#boxes = drawFlames(
        this.#context,
        { ...size, query: this.#query },
        this.#flame ?? root,
        this.#view.top,
      );
    }
    this.frames.push(performance.now() - begun);
    if (this.frames.length > 1000) this.frames.shift();
    const { from, scale } = this.#view;
    const until = Math.min(this.#model.data.duration, from + (this.#width - LABELS) * scale);
    find('range').textContent =
      `${exactTime(from)} to ${exactTime(until)} of ${duration(this.#model.data.duration)} · ${this.#model.data.events.toLocaleString('en')} events`;
  }

  #flamesOf(tab: FlameTab): ReturnType<typeof flames> {
    this.#flames[tab] ??=
      tab === 'calls' ? callFlames(this.#model) : flames(this.#model, tab === 'off' ? 'waiting' : 'running');
    return this.#flames[tab]!;
  }

  #clamp(): void {
    const view = this.#view;
    const room = this.#width - LABELS;
    const whole = this.#model.data.duration / Math.max(1, room);
    view.scale = Math.min(Math.max(view.scale, 0.05), Math.max(whole, 0.05));
    view.from = Math.min(Math.max(0, view.from), Math.max(0, this.#model.data.duration - room * view.scale));
    view.top = Math.min(
      Math.max(0, view.top),
      Math.max(0, this.#rows.length * ROW - (this.#height - view.head)),
    );
  }

  zoom(factor: number, x = (this.#width + LABELS) / 2): void {
    const at = this.#view.from + (x - LABELS) * this.#view.scale;
    this.#view.scale *= factor;
    this.#clampScale();
    this.#view.from = at - (x - LABELS) * this.#view.scale;
    this.#redraw();
  }

  #clampScale(): void {
    const whole = this.#model.data.duration / Math.max(1, this.#width - LABELS);
    this.#view.scale = Math.min(Math.max(this.#view.scale, 0.05), Math.max(whole, 0.05));
  }

  #legend(): void {
    const used = new Set(this.#model.kinds);
    KINDS.forEach(({ name, light, dark }, kind) => {
      if (!used.has(kind)) return;
      const colour = swatch(light, dark);
      const button = element('button', { type: 'button', 'aria-pressed': 'false' }, colour, name);
      button.addEventListener('click', () => {
        this.#kind = this.#kind === kind ? -1 : kind;
        for (const other of find('legend').children)
          other.setAttribute('aria-pressed', String(other === button && this.#kind === kind));
        this.#redraw();
      });
      find('legend').append(button);
    });
    const { runtimes } = this.#model.data;
    const note = (text: string, { light, dark }: (typeof HEAP_COLOURS)['stop' | 'collection']): void =>
      find('legend').append(element('span', { class: 'note' }, swatch(light, dark), text));
    if (runtimes.some(({ collections }) => collections.length > 0))
      note('band: garbage collection', HEAP_COLOURS.collection);
    if (runtimes.some(({ stops }) => stops.length > 0)) note('band: the world stopped', HEAP_COLOURS.stop);
  }

  #findings(): void {
    const list = this.#model.data.findings;
    if (list.length === 0) find('findings').append(element('p', {}, 'Nothing was found that is wrong.'));
    for (const { severity, title, lines } of list) {
      const kind = /^(?:high|medium)$/.test(severity) ? severity : 'low';
      find('findings').append(
        element('section', { class: kind }, element('h2', {}, title), element('pre', {}, lines.join('\n'))),
      );
    }
  }

  choose(tab: Tab): void {
    this.#tab = tab;
    for (const name of TABS) find(`tab-${name}`).setAttribute('aria-selected', String(name === tab));
    find('findings').hidden = tab !== 'findings';
    this.#canvas.hidden = tab === 'findings';
    this.#view.top = 0;
    this.#flame = undefined;
    this.#select(-1, -1);
    this.#filter(this.#query);
  }

  #filter(query: string): void {
    this.#query = query.trim().toLowerCase();
    const { rows, calls } = search(this.#model, query);
    this.#goroutines = rows;
    this.#found = calls;
    this.#foundInTime = undefined;
    this.#layOut();
    const all = this.#model.goroutines.length.toLocaleString('en');
    const shown = rows.length.toLocaleString('en');
    const called =
      calls === undefined
        ? ''
        : `, ${calls.length.toLocaleString('en')} ${calls.length === 1 ? 'call' : 'calls'} (Enter: next)`;
    find('count').textContent = this.#query === '' ? `${all} goroutines` : `${shown} of ${all}${called}`;
    this.#select(-1, -1);
  }

  /** Rows of what the filter lets through. */
  #layOut(): void {
    this.#rows =
      this.#tab === 'processors'
        ? this.#model.processors
        : this.#model.withCalls(this.#goroutines, this.#unfolded);
  }

  #select(row: number, item: number): void {
    this.#row = row;
    this.#item = item;
    const details = find('details');
    const go = (life: number, time: number): void => this.go(life, time);
    const line = this.#rows[row];
    const life = line?.life ?? -1;
    if (life >= 0) this.#strip = this.#stripOf(this.#model.processOf(life));
    if (item < 0 || line === undefined)
      details.replaceChildren(element('p', {}, 'Choose a span to see where it is and what it waits for.'));
    else if (line.of === 'calls') details.replaceChildren(...callDetails(this.#model, life, item, go));
    else details.replaceChildren(...spanDetails(this.#model, item, go));
    this.#redraw();
  }

  #stripOf(process: number): Strip {
    const runtime = this.#model.data.runtimes[process]!;
    if (this.#strip?.runtime === runtime) return this.#strip;
    const of = this.#model.data.processes[process];
    const strip = makeStrip(runtime, of === undefined ? '' : `${of.pid}: `);
    this.#view.head = AXIS + strip.height;
    return strip;
  }

  /** Goes to the next call that the filter found, behind the chosen one or where the view begins. */
  nextFound(by: 1 | -1): void {
    const found = this.#found;
    if (found === undefined || found.length === 0 || !this.#timeline) return;
    const { start } = this.#model.data.traced;
    this.#foundInTime ??= found.slice().sort((a, b) => start[a]! - start[b]! || a - b);
    const order = this.#foundInTime;
    const chosen = this.#rows[this.#row]?.of === 'calls' ? order.indexOf(this.#item) : -1;
    const ahead = order.findIndex((call) => start[call]! >= this.#view.from);
    const from = chosen >= 0 ? chosen + by : Math.max(0, ahead);
    this.goToCall(order[(from + order.length) % order.length]!);
  }

  goToCall(call: number): void {
    if (this.#tab !== 'goroutines') this.choose('goroutines');
    const life = this.#model.lifeOfCall(call);
    const holds = (row: Row): boolean => row.of === 'calls' && row.first <= call && call < row.end;
    let row = this.#rows.findIndex(holds);
    if (row < 0) {
      this.#unfolded.add(life);
      this.#layOut();
      row = this.#rows.findIndex(holds);
    }
    this.#select(row, call);
    const { start, end } = this.#model.data.traced;
    this.#reveal(row, (start[call]! + end[call]!) / 2);
  }

  /** Shows a goroutine at a time. */
  go(life: number, time: number): void {
    if (this.#tab !== 'goroutines') this.choose('goroutines');
    const isIt = (row: Row): boolean => row.life === life && row.of === 'spans';
    let row = this.#rows.findIndex(isIt);
    if (row < 0) {
      find<HTMLInputElement>('query').value = '';
      this.#filter('');
      row = this.#rows.findIndex(isIt);
    }
    const line = this.#rows[row]!;
    const span = Math.max(line.first, this.#model.indexAt(line, Math.max(0, time - 1)));
    this.#select(row, span < line.end ? span : -1);
    this.#reveal(row, time);
  }

  #reveal(row: number, time: number): void {
    const y = yOf(row, this.#view);
    if (y < this.#view.head || y + ROW > this.#height) this.#view.top = row * ROW - this.#height / 2;
    const x = xOf(time, this.#view);
    if (x < LABELS || x > this.#width)
      this.#view.from = time - ((this.#width - LABELS) / 2) * this.#view.scale;
    this.#redraw();
  }

  #at(event: MouseEvent): {
    readonly row: number;
    readonly item: number;
    readonly x: number;
    readonly y: number;
  } {
    const { left, top } = this.#canvas.getBoundingClientRect();
    const x = event.clientX - left;
    const y = event.clientY - top;
    const row = Math.floor((y - this.#view.head + this.#view.top) / ROW);
    const line = this.#rows[row];
    if (line === undefined || y < this.#view.head) return { row: -1, item: -1, x, y };
    const time = this.#view.from + (x - LABELS) * this.#view.scale;
    const i = x < LABELS ? -1 : this.#model.indexAt(line, time);
    const item = i < line.first ? -1 : this.#model.itemAt(line, i);
    return { row, item: item >= 0 && this.#isNear(line, item, time) ? item : -1, x, y };
  }

  /** A bar is at least a pixel wide, however short what it stands for. */
  #isNear(row: Row, item: number, time: number): boolean {
    return this.#model.endOfItem(row, item) + this.#view.scale >= time;
  }

  #listen(): void {
    for (const tab of TABS) find(`tab-${tab}`).addEventListener('click', () => this.choose(tab));
    const query = find<HTMLInputElement>('query');
    query.addEventListener('input', () => this.#filter(query.value));
    find('search').addEventListener('submit', (event) => event.preventDefault());
    query.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') this.nextFound(event.shiftKey ? -1 : 1);
    });
    find('fit').addEventListener('click', () => this.fit());
    this.#pointer();
    this.#canvas.addEventListener('keydown', (event) => {
      if (event.metaKey || event.ctrlKey || event.altKey) return;
      const act = this.#keys()[event.key];
      if (act === undefined) return;
      event.preventDefault();
      act();
      this.#redraw();
    });
  }

  #pointer(): void {
    const canvas = this.#canvas;
    let held: { readonly x: number; readonly y: number; moved: boolean } | undefined;
    canvas.addEventListener('pointerdown', (event) => {
      held = { x: event.clientX, y: event.clientY, moved: false };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener('pointermove', (event) => {
      if (held === undefined) return this.#hover(event);
      if (Math.abs(event.clientX - held.x) + Math.abs(event.clientY - held.y) > 3) held.moved = true;
      if (!held.moved) return;
      this.#view.from -= event.movementX * this.#view.scale;
      this.#view.top -= event.movementY;
      this.#redraw();
    });
    canvas.addEventListener('pointerup', (event) => {
      if (held?.moved === false) this.#click(event);
      held = undefined;
    });
    canvas.addEventListener('pointerleave', () => {
      find('tip').hidden = true;
    });
    canvas.addEventListener('dblclick', () => this.#zoomToSpan());
    canvas.addEventListener(
      'wheel',
      (event) => {
        event.preventDefault();
        // A pinch of the touchpad comes as a wheel with Ctrl.
        if (event.ctrlKey || event.metaKey) this.zoom(2 ** (event.deltaY / 180), this.#at(event).x);
        else {
          const across = event.shiftKey && event.deltaX === 0 ? event.deltaY : event.deltaX;
          this.#view.from += across * this.#view.scale;
          if (!event.shiftKey) this.#view.top += event.deltaY;
        }
        this.#redraw();
      },
      { passive: false },
    );
  }

  #click(event: MouseEvent): void {
    if (this.#timeline) {
      const { row, item } = this.#at(event);
      const line = this.#rows[row];
      if (line?.of === 'fold') this.#fold(line.life);
      else this.#select(row, item);
      return;
    }
    const box = this.#boxAt(event);
    if (box === undefined) return;
    this.#flame = box.flame.parent === undefined ? undefined : box.flame;
    this.#redraw();
  }

  #fold(life: number): void {
    if (!this.#unfolded.delete(life)) this.#unfolded.add(life);
    this.#select(-1, -1);
    this.#layOut();
  }

  #boxAt(event: MouseEvent): FlameBox | undefined {
    const { x, y } = this.#at(event);
    return this.#boxes.find((box) => x >= box.x && x < box.x + box.width && y >= box.y && y < box.y + 18);
  }

  #hover(event: PointerEvent): void {
    const tip = find('tip');
    const text = this.#timeline ? this.#timelineTip(event) : this.#flameTip(event);
    tip.hidden = text === '';
    if (text === '') return;
    tip.textContent = text;
    const { x, y } = this.#at(event);
    tip.style.left = `${Math.min(x + 14, this.#width - tip.offsetWidth - 6)}px`;
    tip.style.top = `${Math.min(y + 16, this.#height - tip.offsetHeight - 6)}px`;
  }

  #timelineTip(event: PointerEvent): string {
    const { row, item, x, y } = this.#at(event);
    const line = this.#rows[row];
    if (y >= AXIS && y < this.#view.head)
      return stripTip({ model: this.#model, view: this.#view }, this.#strip, x, y - AXIS);
    if (item < 0 || line === undefined) return '';
    return line.of === 'calls' ? callTip(this.#model, item) : spanTip(this.#model, item);
  }

  #flameTip(event: PointerEvent): string {
    const box = this.#boxAt(event);
    if (box === undefined || !isFlames(this.#tab)) return '';
    const { root, unit } = this.#flamesOf(this.#tab);
    const { name, weight, calls } = box.flame;
    const amount = unit === 'ns' ? duration(weight) : `${weight} samples`;
    const share = root.weight === 0 ? 0 : (100 * weight) / root.weight;
    const counted =
      calls &&
      `${calls.count} ${calls.count === 1 ? 'call' : 'calls'}, the longest ${duration(calls.longest)}`;
    return [name, `${amount}, ${share.toFixed(1)} %`, ...(counted === undefined ? [] : [counted])].join('\n');
  }

  #zoomToSpan(): void {
    const line = this.#rows[this.#row];
    if (this.#item < 0 || line === undefined) return;
    const start = this.#model.startOfItem(line, this.#item);
    const length = Math.max(1, this.#model.endOfItem(line, this.#item) - start);
    this.#view.scale = (length * 1.4) / (this.#width - LABELS);
    this.#clampScale();
    this.#view.from = start - length * 0.2;
    this.#redraw();
  }

  #step(rows: number): void {
    const row = Math.min(Math.max(0, this.#row + rows), this.#rows.length - 1);
    const line = this.#rows[row];
    if (line === undefined) return;
    const middle = this.#view.from + ((this.#width - LABELS) / 2) * this.#view.scale;
    const i = Math.max(line.first, this.#model.indexAt(line, middle));
    this.#select(row, i < line.end ? this.#model.itemAt(line, i) : -1);
    this.#reveal(row, middle);
  }

  #stepSpan(by: number): void {
    const line = this.#rows[this.#row];
    if (line === undefined || this.#item < 0) return;
    const at = this.#model.indexAt(line, this.#model.startOfItem(line, this.#item));
    const i = Math.min(Math.max(line.first, at + by), line.end - 1);
    const item = this.#model.itemAt(line, i);
    this.#select(this.#row, item);
    this.#reveal(this.#row, this.#model.startOfItem(line, item));
  }

  #keys(): Readonly<Record<string, () => void>> {
    const view = this.#view;
    const page = (this.#width - LABELS) * 0.2;
    const move = (x: number, y: number) => (): void => {
      view.from += x * view.scale;
      view.top += y;
    };
    return {
      ArrowLeft: move(-page, 0),
      ArrowRight: move(page, 0),
      ArrowUp: move(0, -3 * ROW),
      ArrowDown: move(0, 3 * ROW),
      PageUp: move(0, -this.#height / 2),
      PageDown: move(0, this.#height / 2),
      '+': () => this.zoom(0.6),
      '=': () => this.zoom(0.6),
      '-': () => this.zoom(1 / 0.6),
      '0': () => this.fit(),
      j: () => this.#step(1),
      k: () => this.#step(-1),
      n: () => this.#stepSpan(1),
      p: () => this.#stepSpan(-1),
      Enter: () => this.#zoomToSpan(),
      Escape: () => this.#select(-1, -1),
    };
  }

  /** Names of the flame graph that is shown, as far as they are drawn. */
  get drawnFlames(): readonly string[] {
    return this.#boxes.map(({ flame }) => flame.name);
  }

  /** How many goroutines, or Ps, there are to see. */
  get rowCount(): number {
    return this.#tab === 'processors' ? this.#rows.length : this.#goroutines.length;
  }

  get runtime(): PageRuntime {
    return this.#strip.runtime;
  }

  xOf(time: number): number {
    return xOf(time, this.#view);
  }

  get labels(): readonly string[] {
    return this.#rows.map(({ label }) => label);
  }

  get view(): Readonly<View> {
    return this.#view;
  }
}

load().then(
  (data) => {
    Object.assign(globalThis, { tracePage: new Page(data) });
  },
  (error: unknown) => {
    find('title').textContent =
      `This trace cannot be shown: ${error instanceof Error ? error.message : error}`;
  },
);
