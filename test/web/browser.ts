import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';

const PROGRAMS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The browser that tests use: `MATTOCK_BROWSER`, or one that is installed (scripts/ensure-browser.js installs one). */
export const browserProgram = (): string | undefined =>
  process.env.MATTOCK_BROWSER ?? PROGRAMS.find((program) => existsSync(program));

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/** A headless Chromium with one page, driven over a pipe by its DevTools protocol: messages of JSON that end in NUL. */
export class Browser {
  readonly #child: ChildProcess;
  readonly #profile: string;
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  #next = 1;
  #session: string | undefined;
  #unread = '';
  /** What the page wrote to its console as errors or warnings, and what it threw. */
  readonly complaints: string[] = [];

  private constructor(program: string, size: string) {
    this.#profile = mkdtempSync(path.join(tmpdir(), 'mattock-browser-'));
    const options = ['--headless=new', '--remote-debugging-pipe', '--no-sandbox', '--disable-gpu'];
    const quiet = ['--no-first-run', '--hide-scrollbars', '--disable-dev-shm-usage', '--disable-extensions'];
    this.#child = spawn(
      program,
      [...options, ...quiet, `--window-size=${size}`, `--user-data-dir=${this.#profile}`, 'about:blank'],
      { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'], detached: true },
    );
    const output = this.#child.stdio[4] as Readable;
    output.setEncoding('utf8').on('data', (text: string) => this.#read(text));
    this.#child.on('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the browser ended'));
    });
  }

  static async start(program: string, size = '1400,900'): Promise<Browser> {
    const browser = new Browser(program, size);
    const { targetId } = (await browser.send('Target.createTarget', { url: 'about:blank' })) as {
      targetId: string;
    };
    const attached = await browser.send('Target.attachToTarget', { targetId, flatten: true });
    browser.#session = (attached as { sessionId: string }).sessionId;
    for (const domain of ['Page', 'Runtime', 'Log']) await browser.send(`${domain}.enable`, {});
    return browser;
  }

  send(method: string, params: Readonly<Record<string, unknown>>): Promise<unknown> {
    const id = this.#next++;
    const session = this.#session === undefined ? {} : { sessionId: this.#session };
    (this.#child.stdio[3] as Writable).write(`${JSON.stringify({ id, method, params, ...session })}\0`);
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  async open(url: string): Promise<void> {
    await this.send('Page.navigate', { url });
    await this.until('document.readyState === "complete"');
  }

  /** Of an expression, a promise's if it is one. */
  async evaluate<T>(expression: string): Promise<T> {
    const answer = (await this.send('Runtime.evaluate', {
      expression,
      returnByValue: true,
      awaitPromise: true,
    })) as {
      result: { value: T };
      exceptionDetails?: { text: string; exception?: { description?: string } };
    };
    const { exceptionDetails: thrown } = answer;
    if (thrown !== undefined) throw new Error(thrown.exception?.description ?? thrown.text);
    return answer.result.value;
  }

  async until(condition: string, milliseconds = 120_000): Promise<void> {
    const deadline = Date.now() + milliseconds;
    while (!(await this.evaluate<boolean>(`Boolean(${condition})`))) {
      if (Date.now() > deadline) throw new Error(`the page did not come to: ${condition}`);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }

  async key(key: string, code = key): Promise<void> {
    const text = key.length === 1 ? { text: key } : key === 'Enter' ? { text: '\r' } : {};
    await this.send('Input.dispatchKeyEvent', { type: 'keyDown', key, code, ...text });
    await this.send('Input.dispatchKeyEvent', { type: 'keyUp', key, code });
  }

  async click(x: number, y: number): Promise<void> {
    const button = { x, y, button: 'left', clickCount: 1 };
    await this.send('Input.dispatchMouseEvent', { type: 'mousePressed', ...button });
    await this.send('Input.dispatchMouseEvent', { type: 'mouseReleased', ...button });
  }

  async screenshot(): Promise<Buffer> {
    const { data } = (await this.send('Page.captureScreenshot', { format: 'png' })) as { data: string };
    return Buffer.from(data, 'base64');
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.on('exit', resolve));
    // Its other processes are of its group: they would write to the folder for a while, and outlive us.
    process.kill(-this.#child.pid!, 'SIGKILL');
    await ended;
    await removed(this.#profile);
  }

  #read(text: string): void {
    const parts = (this.#unread + text).split('\0');
    this.#unread = parts.pop()!;
    for (const part of parts) this.#take(JSON.parse(part) as Message);
  }

  #take({ id, method, params, result, error }: Message): void {
    if (id !== undefined) {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve(result);
      else waiting?.reject(new Error(error.message));
    } else if (method === 'Runtime.exceptionThrown') this.complaints.push(JSON.stringify(params));
    else if (method === 'Log.entryAdded') this.complaints.push(JSON.stringify(params));
    else if (method === 'Runtime.consoleAPICalled' && /error|warning/.test(String(params?.type)))
      this.complaints.push(JSON.stringify(params));
  }
}

const ATTEMPTS = 300;
const PAUSE_MS = 100;

/**
 * Takes a folder away that somebody who has been killed may still be writing to. What `rmSync` tries again is only the last
 * step of it: what has come into the folder meanwhile stays in its way.
 */
async function removed(folder: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      rmSync(folder, { recursive: true, force: true });
      return;
    } catch (error) {
      if (attempt === ATTEMPTS || (error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
