import { request } from 'node:http';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type PageServer, servePage } from './page-server.ts';

let server: PageServer;
beforeEach(async () => {
  server = await servePage('<p>page</p>');
});
afterEach(() => server.close());

interface Asked {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function ask({ path, method = 'GET', headers = {} }: Asked = {}): Promise<{ status: number; text: string }> {
  const url = new URL(server.url);
  return new Promise((resolve, reject) => {
    const options = { host: url.hostname, port: url.port, path: path ?? url.pathname, method, headers };
    request(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    })
      .on('error', reject)
      .end();
  });
}

it('gives the page to who knows where it is', async () => {
  expect(new URL(server.url).hostname).toBe('127.0.0.1');
  expect(new URL(server.url).pathname.length).toBeGreaterThan(30);
  expect(await ask()).toEqual({ status: 200, text: '<p>page</p>' });
  expect(await ask({ method: 'HEAD' })).toEqual({ status: 200, text: '' });
});

it('keeps everybody else out', async () => {
  expect((await ask({ path: '/' })).status).toBe(404);
  expect((await ask({ path: '/guess/' })).status).toBe(404);
  expect((await ask({ method: 'POST' })).status).toBe(405);
  expect((await ask({ headers: { host: 'evil.example' } })).status).toBe(403);
  expect((await ask({ headers: { origin: 'https://evil.example' } })).status).toBe(403);
  const { port } = new URL(server.url);
  expect((await ask({ headers: { host: `localhost:${port}` } })).status).toBe(200);
});

it('has another token each time', async () => {
  const other = await servePage('');
  expect(new URL(other.url).pathname).not.toBe(new URL(server.url).pathname);
  await other.close();
});
