import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumArguments, findChromium } from './chromium.js';

const executablePath = findChromium();
const dist = new URL('../dist/', import.meta.url);

/** Computes one product alone and on two threads, again and again until both have surely taken part. */
const worker = `
  import { wasmKernels } from '/kernels/index.js';
  const [rows, inner, columns] = [200, 150, 170];
  const wave = (length) => Float32Array.from({ length }, (_, i) => Math.sin(i));
  const answers = [];
  for (const threads of [1, 2]) {
    const k = await wasmKernels({ threads });
    const [left, right, out] = [rows * inner, inner * columns, rows * columns].map((length) => k.allocate(length));
    k.write(left, wave(rows * inner));
    k.write(right, wave(inner * columns));
    for (let i = 0; i < 50; i++) {
      k.matmul({ out, left, right, rows, inner, columns });
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    answers.push({ threads: k.threads, notice: k.notice, numbers: await k.read(out) });
    k.close();
  }
  const [one, two] = answers;
  const same = one.numbers.every((number, i) => Object.is(number, two.numbers[i]));
  postMessage({ same, threads: two.threads, notice: two.notice, crossOriginIsolated });
`;
/** The same product plain and fused; fused on one thread and on two; and its first row alone. */
const relaxedWorker = `
  import { wasmKernels } from '/kernels/index.js';
  const [rows, inner, columns] = [200, 150, 170];
  const wave = (length) => Float32Array.from({ length }, (_, i) => Math.sin(i));
  const product = async (options) => {
    const k = await wasmKernels(options);
    const packed = k.pack({ type: 'f32', values: wave(inner * columns), inner, columns });
    const [left, out] = [rows * inner, rows * columns].map((length) => k.allocate(length));
    k.write(left, wave(rows * inner));
    k.matmul({ out, left, right: packed, rows: 1, inner, columns });
    const row = await k.read(out, 0, columns);
    for (let i = 0; i < 50; i++) {
      k.matmul({ out, left, right: packed, rows, inner, columns });
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    const all = await k.read(out);
    k.close();
    return { relaxed: k.relaxed, row, all };
  };
  const same = (a, b) => a.every((number, i) => Object.is(number, b[i]));
  const [plain, one, two] = [
    await product({ threads: 1 }),
    await product({ threads: 1, relaxed: true }),
    await product({ threads: 2, relaxed: true }),
  ];
  const away = Math.max(...plain.all.map((number, i) => Math.abs(number - one.all[i])));
  postMessage({
    relaxed: [plain.relaxed, one.relaxed],
    fused: away > 0,
    near: away < 1e-5,
    threads: same(one.all, two.all),
    rowAlone: same(one.row, one.all),
  });
`;
const page = (script: string): string => `<!doctype html><script type="module">
  const worker = new Worker('/${script}', { type: 'module' });
  window.answer = new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
  });
</script>`;

function serve(isolated: boolean): Promise<Server> {
  const server = createServer(({ url = '/' }, response) => {
    const script = url.endsWith('.js');
    const headers = {
      'Content-Type': script ? 'text/javascript' : 'text/html',
      ...(isolated && {
        'Cross-Origin-Opener-Policy': 'same-origin',
        'Cross-Origin-Embedder-Policy': 'require-corp',
      }),
    };
    const file = new URL(`.${url}`, dist);
    const own: Record<string, string> = {
      '/': page('worker.js'),
      '/relaxed': page('relaxedWorker.js'),
      '/worker.js': worker,
      '/relaxedWorker.js': relaxedWorker,
    };
    const body = own[url] ?? (existsSync(file) ? readFileSync(file) : undefined);
    response.writeHead(body === undefined ? 404 : 200, headers).end(body);
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

describe.skipIf(!executablePath)('kernels in a browser', () => {
  let browser: import('playwright-core').Browser;
  beforeAll(async () => {
    const { chromium: driver } = await import('playwright-core');
    browser = await driver.launch({ executablePath: executablePath!, args: chromiumArguments });
  });
  afterAll(() => browser?.close());

  const answerOf = async (isolated: boolean, path = ''): Promise<unknown> => {
    const server = await serve(isolated);
    try {
      const tab = await browser.newPage();
      await tab.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/${path}`);
      return await tab.evaluate('window.answer');
    } finally {
      server.close();
    }
  };

  it('run on two threads on a cross-origin isolated page, with the same bytes', async () => {
    expect(await answerOf(true)).toEqual({ same: true, threads: 2, notice: null, crossOriginIsolated: true });
  });
  it('run on one elsewhere, and say why', async () => {
    expect(await answerOf(false)).toEqual({
      same: true,
      threads: 1,
      notice: expect.stringContaining('Cross-Origin-Opener-Policy'),
      crossOriginIsolated: false,
    });
  });
  it('fuse products where it is asked for: other last digits, 1e-5 at most over 150 terms, the same on two threads and for a row alone', async () => {
    expect(await answerOf(true, 'relaxed')).toEqual({
      relaxed: [false, true],
      fused: true,
      near: true,
      threads: true,
      rowAlone: true,
    });
  });
});
