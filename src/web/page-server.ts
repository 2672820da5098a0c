import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const ADDRESS = '127.0.0.1';
const TOKEN_BYTES = 24;

export interface PageServer {
  /** With the token: whoever has it sees the page. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves one page on the loopback interface, to who knows its address. Other programs on the machine do not know the
 * token; pages of other sites are kept out by the Host header (a name that was made to point here has another) and by
 * Origin.
 */
export async function servePage(page: string): Promise<PageServer> {
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  const bytes = Buffer.from(page, 'utf8');
  const server = createServer((request, response) => {
    answer(request, response, { token, bytes, port: portOf(server) });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, ADDRESS, resolve);
  });
  return {
    url: `http://${ADDRESS}:${portOf(server)}/${token}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

interface Served {
  readonly token: string;
  readonly bytes: Buffer;
  readonly port: number;
}

function answer(request: IncomingMessage, response: ServerResponse, { token, bytes, port }: Served): void {
  const { method, url, headers } = request;
  const status = statusFor();
  response.writeHead(status, {
    'Content-Type': status === 200 ? 'text/html; charset=utf-8' : 'text/plain; charset=utf-8',
    'Cache-Control': 'no-store',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    ...(status === 405 ? { Allow: 'GET, HEAD' } : {}),
  });
  response.end(method === 'HEAD' ? undefined : status === 200 ? bytes : `${WHY[status]}\n`);

  function statusFor(): 200 | 403 | 404 | 405 {
    const hosts = [`${ADDRESS}:${port}`, `localhost:${port}`];
    if (!hosts.includes(headers.host ?? '')) return 403;
    if (headers.origin !== undefined && !hosts.some((host) => headers.origin === `http://${host}`))
      return 403;
    if (method !== 'GET' && method !== 'HEAD') return 405;
    return same(url ?? '', `/${token}/`) ? 200 : 404;
  }
}

const WHY = { 403: 'not from here', 404: 'there is no such page', 405: 'there is only the page' } as const;

/** In a time that does not tell how much of it was right. */
function same(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
