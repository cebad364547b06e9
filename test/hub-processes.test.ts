/** One cache and several real processes: side by side, killed on the way, interrupted. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { sha256, startHub, type TestHub } from '../src/platform/hub.testing.ts';

const large = Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * 5) ^ (i >> 7));
const other = large.slice(0, 1_000_000);
const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const fetching = `
  import { hubModel } from '${new URL('../dist/platform/index.js', import.meta.url).href}';
  const folder = hubModel('owner/model');
  await folder.prefetch(['model.safetensors', 'other.bin']);
  await folder.close();
`;
let hub: TestHub;
let home: string;
const blobs = (): string => join(home, 'hub', 'models--owner--model', 'blobs');
const draft = (): string => join(blobs(), `${sha256(large)}.siseon.incomplete`);
const start = (...args: string[]): ChildProcess =>
  spawn(process.execPath, args, { env: { ...process.env, HF_HOME: home, HF_ENDPOINT: hub.address, LANG: 'C' } });
const ended = (child: ChildProcess): Promise<number | string | null> =>
  new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)));
/** Waits until the draft has so many bytes. */
async function reached(bytes: number): Promise<void> {
  while (!existsSync(draft()) || statSync(draft()).size < bytes) await new Promise((done) => setTimeout(done, 5));
}

beforeAll(async () => {
  hub = await startHub('owner/model', {
    'config.json': readFileSync(new URL('./families/llama/config.json', import.meta.url)),
    'model.safetensors': large,
    'other.bin': other,
  });
});
afterAll(() => hub.close());
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'siseon-hub-processes-'));
  hub.asked.length = 0;
  return () => rmSync(home, { recursive: true });
});

const expectWhole = (): void => {
  expect(readdirSync(blobs()).sort()).toEqual([sha256(large), sha256(other)].sort());
  expect(sha256(readFileSync(join(blobs(), sha256(large))))).toBe(sha256(large));
  expect(sha256(readFileSync(join(blobs(), sha256(other))))).toBe(sha256(other));
};
const askedFor = (file: string): string[] =>
  hub.asked.filter(({ path }) => path === `/elsewhere/${file}`).map(({ range }) => range);

it('three that want a model at once fetch each file once, and leave whole files and no lock', async () => {
  hub.misbehave({ trickles: 3 });
  const all = [1, 2, 3].map(() => start('--input-type=module', '-e', fetching));
  expect(await Promise.all(all.map(ended))).toEqual([0, 0, 0]);
  expectWhole();
  expect(askedFor('model.safetensors')).toEqual(['']);
  expect(askedFor('other.bin')).toEqual(['']);
});

it('killed on the way: the next run takes the lock over at once and goes on from the bytes that came', async () => {
  hub.misbehave({ trickles: 5 });
  const first = start('--input-type=module', '-e', fetching);
  await reached(500_000);
  first.kill('SIGKILL');
  expect(await ended(first)).toBe('SIGKILL');
  expect(existsSync(`${blobs()}/${sha256(large)}.lock`)).toBe(true);
  hub.misbehave({});
  hub.asked.length = 0;
  expect(await ended(start('--input-type=module', '-e', fetching))).toBe(0);
  expectWhole();
  expect(Number(/^bytes=(\d+)-$/.exec(askedFor('model.safetensors')[0]!)![1])).toBeGreaterThanOrEqual(500_000);
});

it('killed while others wait: one of them goes on', async () => {
  hub.misbehave({ trickles: 5 });
  const first = start('--input-type=module', '-e', fetching);
  await reached(200_000);
  const others = [1, 2].map(() => start('--input-type=module', '-e', fetching));
  await reached(600_000);
  first.kill('SIGKILL');
  expect(await Promise.all(others.map(ended))).toEqual([0, 0]);
  expectWhole();
  expect(askedFor('model.safetensors')).toHaveLength(2);
});

it('Ctrl-C leaves what came and no lock, and says so', async () => {
  hub.misbehave({ trickles: 5 });
  const child = start(main, 'text', '--model', 'owner/model');
  let said = '';
  child.stderr!.on('data', (text) => {
    said += String(text);
  });
  await reached(500_000);
  child.kill('SIGINT');
  expect(await ended(child)).toBe(1);
  expect(said).toContain('error: stopped. What came is kept');
  expect(readdirSync(blobs()).filter((name) => name.endsWith('.lock'))).toEqual([]);
  expect(statSync(draft()).size).toBeGreaterThanOrEqual(500_000);
});
