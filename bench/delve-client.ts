import { type ChildProcess, spawn } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { delve } from './subjects.ts';

/** Delve as its editors use it: a headless server and JSON-RPC (service/rpc2 of its sources), one call at a time. */
export class DelveClient {
  readonly #server: ChildProcess;
  readonly #socket: Socket;
  #buffer = '';
  #answer: ((line: string) => void) | undefined;
  #id = 0;

  private constructor(server: ChildProcess, socket: Socket) {
    this.#server = server;
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setEncoding('utf8').on('data', (text) => this.#receive(String(text)));
  }

  static async start(
    prefix: readonly string[],
    program: string,
    args: readonly string[],
  ): Promise<DelveClient> {
    const flags = ['exec', '--headless', '--api-version=2', '--listen=127.0.0.1:0', program, '--', ...args];
    const [command, ...rest] = [...prefix, delve(), ...flags];
    const server = spawn(command!, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
    const address = await new Promise<string>((resolve, reject) => {
      let said = '';
      server.stdout!.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        const found = /listening at: (\S+):(\d+)/.exec(said);
        if (found !== null) resolve(`${found[1]}:${found[2]}`);
      });
      server.on('exit', () => reject(new Error(`Delve ended: ${said}`)));
    });
    const [host, port] = address.split(':');
    const socket = connect(Number(port), host);
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new DelveClient(server, socket);
  }

  call<T>(method: string, params: unknown): Promise<T> {
    const id = ++this.#id;
    return new Promise((resolve, reject) => {
      this.#answer = (line) => {
        const { result, error } = JSON.parse(line) as { result: T; error: unknown };
        if (error === null || error === undefined) resolve(result);
        else reject(new Error(String(error)));
      };
      this.#socket.write(JSON.stringify({ method: `RPCServer.${method}`, params: [params], id }));
    });
  }

  async close(): Promise<void> {
    const gone = new Promise((resolve) => this.#server.once('exit', resolve));
    await this.call('Detach', { Kill: true });
    this.#socket.destroy();
    this.#server.kill();
    await gone;
  }

  #receive(text: string): void {
    this.#buffer += text;
    const end = this.#buffer.indexOf('\n');
    if (end < 0) return;
    const line = this.#buffer.slice(0, end);
    this.#buffer = this.#buffer.slice(end + 1);
    const answer = this.#answer;
    this.#answer = undefined;
    answer?.(line);
  }
}
