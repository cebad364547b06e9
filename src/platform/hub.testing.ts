/** A hub of our own on loopback, which misbehaves as it is told to. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

export interface Misbehaviour {
  /** Statuses of the next answers, for paths that match. */
  statuses?: { path: RegExp; list: number[] };
  /** Breaks connections after so many bytes of a file's body. */
  breaksAfter?: number;
  /** Breaks so often at most. */
  breaks?: number;
  /** Says that files are longer (or shorter) by this. */
  lies?: number;
  /** Sends a piece of 16 kB, then waits this long, and so on; milliseconds. */
  trickles?: number;
  /** What it says of when to ask again. */
  retryAfter?: string;
  /** Answers such paths with a page for people, as a sign-in page in between does. */
  html?: RegExp;
  /** Takes questions for such paths and never answers. */
  silent?: RegExp;
  /** Compresses whatever it sends, asked or not. */
  gzips?: boolean;
  /** Sends other bytes than it has. */
  corrupts?: number;
  ignoresRanges?: boolean;
}

export interface TestHub {
  readonly address: string;
  readonly commit: string;
  readonly asked: { readonly path: string; readonly range: string; readonly token: string }[];
  misbehave(how: Misbehaviour): void;
  close(): Promise<void>;
}

const fromAnywhere = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': '*, authorization, range',
  'access-control-expose-headers': '*',
};

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const gitHash = (bytes: Uint8Array): string =>
  createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');

async function trickle(response: ServerResponse, body: Buffer, pause: number): Promise<void> {
  for (let at = 0; at < body.length && !response.destroyed; at += 16_384) {
    response.write(body.subarray(at, at + 16_384));
    await new Promise((done) => setTimeout(done, pause));
  }
  response.end();
}

/** Files above 1,000 bytes are on another origin, behind a redirect, with a SHA-256; small ones have git's hash. */
export async function startHub(model: string, files: Readonly<Record<string, Uint8Array>>): Promise<TestHub> {
  const commit = 'c0ffee'.padEnd(40, '0');
  const asked: { path: string; range: string; token: string }[] = [];
  let how: Misbehaviour = {};

  function send(request: IncomingMessage, response: ServerResponse, bytes: Uint8Array, etag: string): void {
    const range = how.ignoresRanges ? null : /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const start = Number(range?.[1] ?? 0);
    if (range && start >= bytes.length && bytes.length > 0) return void response.writeHead(416).end();
    const end = range?.[2] ? Math.min(bytes.length, Number(range[2]) + 1) : bytes.length;
    const body = Buffer.from(bytes.subarray(start, end));
    if (how.gzips) {
      response.writeHead(range ? 206 : 200, {
        'content-encoding': 'gzip',
        ...(range && { 'content-range': `bytes ${start}-${end - 1}/${bytes.length}` }),
      });
      return void response.end(gzipSync(body));
    }
    if (how.corrupts && body.length > 1) {
      body[0]! ^= 1;
      how.corrupts--;
    }
    const breaking = how.breaksAfter !== undefined && body.length > how.breaksAfter && (how.breaks ?? Infinity) > 0;
    response.writeHead(range ? 206 : 200, {
      etag: `"${etag}"`,
      'content-length': body.length,
      ...(range && { 'content-range': `bytes ${start}-${end - 1}/${bytes.length}` }),
    });
    if (how.trickles !== undefined) return void trickle(response, body, how.trickles);
    if (!breaking) return void response.end(body);
    how.breaks = (how.breaks ?? Infinity) - 1;
    response.write(body.subarray(0, how.breaksAfter), () => setTimeout(() => response.socket?.destroy(), 5));
  }

  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url!.split('?')[0]!);
    asked.push({ path, range: request.headers.range ?? '', token: request.headers.authorization ?? '' });
    for (const [header, value] of Object.entries(fromAnywhere)) response.setHeader(header, value);
    if (request.method === 'OPTIONS') return void response.writeHead(204).end();
    if (how.silent?.test(path)) return;
    if (how.html?.test(path))
      return void response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><p>Please sign in.');
    const status = how.statuses?.path.test(path) ? how.statuses.list.shift() : undefined;
    if (status) return void response.writeHead(status, { 'retry-after': how.retryAfter ?? '0' }).end('no');
    if (path === `/api/models/${model}/tree/${commit}`) {
      const tree = Object.entries(files).map(([name, bytes]) => {
        const size = bytes.length + (how.lies ?? 0);
        const large = bytes.length > 1000 && { lfs: { oid: sha256(bytes), size, pointerSize: 134 } };
        return { type: 'file', path: name, size, oid: gitHash(bytes), ...large };
      });
      // A page at a time, as for models of many files.
      const page = Number(new URL(request.url!, 'http://localhost').searchParams.get('page'));
      const half = Math.ceil(tree.length / 2);
      if (page === 0) response.setHeader('link', `<http://localhost:${port()}${request.url}&page=1>; rel="next"`);
      response.setHeader('content-type', 'application/json');
      return void response.end(JSON.stringify(page === 0 ? tree.slice(0, half) : tree.slice(half)));
    }
    if (path.startsWith(`/api/models/${model}/revision/`)) {
      const revision = path.split('/').at(-1)!;
      if (!['main', 'v1', commit].includes(revision)) return void response.writeHead(404).end('{}');
      response.writeHead(200, { 'content-type': 'application/json' });
      return void response.end(JSON.stringify({ _id: 'x', id: model, sha: commit, lastModified: '2026-01-01' }));
    }
    const name = path.replace(`/${model}/resolve/${commit}/`, '').replace('/elsewhere/', '');
    const bytes = files[name];
    if (!bytes) return void response.writeHead(404, { 'x-error-code': 'RepoNotFound' }).end();
    if (bytes.length > 1000 && !path.startsWith('/elsewhere/')) {
      return void response.writeHead(302, { location: `http://127.0.0.1:${port()}/elsewhere/${name}` }).end();
    }
    send(request, response, bytes, bytes.length > 1000 ? 'elsewhere' : gitHash(bytes));
  });
  const port = (): number => (server.address() as AddressInfo).port;
  await new Promise<void>((done) => server.listen(0, done));
  return {
    address: `http://localhost:${port()}`,
    commit,
    asked,
    misbehave: (next) => {
      how = next;
    },
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
