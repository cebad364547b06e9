import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Folder } from './folders.ts';
import { sha256, startHub, type TestHub } from './hub.testing.ts';
import { type HubOptions, type HubProgress, hubFolder, isHubName } from './hub.ts';

const large = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7) ^ (i >> 8));
const files = {
  'config.json': new TextEncoder().encode('{"model_type":"bert"}'),
  'model.safetensors': large,
  'parts/second.bin': large.slice(0, 50_000),
};
let hub: TestHub;
let home: string;
const cache = (...path: string[]): string => join(home, 'hub', 'models--owner--model', ...path);
const opened: Folder[] = [];
const open = (options: HubOptions = {}, environment: Record<string, string> = {}): Folder => {
  const folder = hubFolder('owner/model', {
    attempts: 3,
    firstWait: 1,
    environment: { HF_HOME: home, HF_ENDPOINT: hub.address, ...environment },
    ...options,
  });
  opened.push(folder);
  return folder;
};
const code = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (error: { code?: string }) => error.code ?? String(error),
  );

beforeAll(async () => {
  hub = await startHub('owner/model', files);
});
afterAll(() => hub.close());
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'siseon-hub-'));
  hub.misbehave({});
  hub.asked.length = 0;
  return async () => {
    for (const folder of opened.splice(0)) await folder.close();
    rmSync(home, { recursive: true });
  };
});

describe('a model of the hub', () => {
  it('comes into Python’s cache, and from there the second time', async () => {
    const folder = open();
    expect(await folder.list()).toEqual(['config.json', 'model.safetensors', 'parts/second.bin']);
    expect(await folder.size('model.safetensors')).toBe(large.length);
    expect(existsSync(cache('blobs'))).toBe(false);
    expect(await folder.read('model.safetensors', 5, 9)).toEqual(large.slice(5, 9));
    expect(new TextDecoder().decode(await folder.read('config.json'))).toBe('{"model_type":"bert"}');
    await folder.read('parts/second.bin');
    await folder.close();
    expect(readFileSync(cache('refs', 'main'), 'utf8')).toBe(hub.commit);
    const blob = join('blobs', sha256(large));
    expect(readlinkSync(cache('snapshots', hub.commit, 'model.safetensors'))).toBe(`../../${blob}`);
    expect(readlinkSync(cache('snapshots', hub.commit, 'parts/second.bin'))).toMatch(/^\.\.\/\.\.\/\.\.\/blobs\//);
    expect(sha256(readFileSync(cache(blob)))).toBe(sha256(large));
    expect(readdirSync(cache('blobs')).length).toBe(3);
    hub.asked.length = 0;
    await open().read('model.safetensors', 0, 1);
    expect(hub.asked.map(({ path }) => path)).toEqual(['/api/models/owner/model/revision/main']);
  });
  it('at a commit, in the cache, is not asked for at all; a tag is asked for by its name', async () => {
    await open({ revision: 'v1' }).read('config.json');
    expect(hub.asked[0]!.path).toBe('/api/models/owner/model/revision/v1');
    expect(readFileSync(cache('refs', 'v1'), 'utf8')).toBe(hub.commit);
    hub.asked.length = 0;
    await open({ revision: hub.commit }).read('config.json');
    expect(hub.asked).toEqual([]);
  });
  it('offline is read from the cache, or refused', async () => {
    expect(await code(open({}, { HF_HUB_OFFLINE: '1' }).read('config.json'))).toBe('hubOffline');
    await open().read('config.json');
    hub.asked.length = 0;
    const offline = open({}, { HF_HUB_OFFLINE: '1' });
    expect((await offline.read('config.json')).length).toBe(21);
    expect(await offline.list()).toEqual(['config.json']);
    expect(hub.asked).toEqual([]);
  });
  it('is told a token, from HF_TOKEN or from the file that logging in leaves; another host is not', async () => {
    await open({}, { HF_TOKEN: 'hf_a' }).read('model.safetensors');
    const token = ({ path }: { path: string }): boolean => !path.startsWith('/elsewhere/');
    expect(new Set(hub.asked.filter(token).map((one) => one.token))).toEqual(new Set(['Bearer hf_a']));
    expect(hub.asked.filter((one) => !token(one)).map((one) => one.token)).toEqual(['']);
    hub.asked.length = 0;
    writeFileSync(join(home, 'token'), 'hf_b\n');
    await open().read('config.json');
    expect(hub.asked[0]!.token).toBe('Bearer hf_b');
  });
  it('several files come at once, and what has come and will come is told', async () => {
    const seen: HubProgress[] = [];
    await open({ onProgress: (progress) => seen.push(progress) }).prefetch!(Object.keys(files));
    const total = Object.values(files).reduce((sum, bytes) => sum + bytes.length, 0);
    expect(new Set(seen.map((progress) => progress.total))).toEqual(new Set([total]));
    expect(Math.max(...seen.map(({ done }) => done))).toBe(total);
    expect(new Set(seen.map(({ file }) => file)).size).toBe(3);
  });
});

describe('a hub that misbehaves', () => {
  it('breaks off in mid-file: goes on where it stopped', async () => {
    hub.misbehave({ breaksAfter: 120_000 });
    expect(sha256(await open().read('model.safetensors'))).toBe(sha256(large));
    const starts = hub.asked.filter(({ path }) => path.startsWith('/elsewhere/')).map(({ range }) => range);
    expect(starts.length).toBeGreaterThan(2);
    expect(starts[0]).toBe('');
    expect(Number(/\d+/.exec(starts[1]!)![0])).toBeGreaterThan(0);
  });
  it('breaks off always at the same place and begins anew: given up, and what came is kept for the next run', async () => {
    // Without ranges the hub's own question has no answer either, so the file's facts are asked for first.
    const folder = open();
    await folder.size('model.safetensors');
    hub.misbehave({ breaksAfter: 100_000, ignoresRanges: true });
    expect(await code(folder.read('model.safetensors'))).toBe('hubUnavailable');
    hub.misbehave({});
    expect(sha256(await open().read('model.safetensors'))).toBe(sha256(large));
  });
  it('an interrupted run is resumed by another one, from its bytes', async () => {
    hub.misbehave({ breaksAfter: 150_000, statuses: { path: /elsewhere/, list: [] } });
    const controller = new AbortController();
    const cancelled = open({
      signal: controller.signal,
      onProgress: ({ done }) => {
        if (done > 60_000) controller.abort(new Error('enough'));
      },
    }).read('model.safetensors');
    await expect(cancelled).rejects.toThrow('enough');
    expect(existsSync(cache('blobs', sha256(large)))).toBe(false);
    hub.misbehave({});
    hub.asked.length = 0;
    expect(sha256(await open().read('model.safetensors'))).toBe(sha256(large));
    const range = hub.asked.find(({ path }) => path.startsWith('/elsewhere/'))!.range;
    expect(Number(/\d+/.exec(range)![0])).toBeGreaterThan(60_000);
    expect(readdirSync(cache('blobs'))).toEqual([sha256(large)]);
  });
  it('sends other bytes: fetched once more, and given up where they are wrong again', async () => {
    hub.misbehave({ corrupts: 1 });
    expect(sha256(await open().read('model.safetensors'))).toBe(sha256(large));
    rmSync(cache('blobs'), { recursive: true });
    rmSync(cache('snapshots'), { recursive: true });
    hub.misbehave({ corrupts: 99 });
    expect(await code(open().read('model.safetensors'))).toBe('hubDamaged');
    expect(readdirSync(cache('blobs'))).toEqual([]);
    expect(await code(open().read('config.json'))).toBe('hubDamaged');
  });
  it('lies about sizes, both ways', async () => {
    hub.misbehave({ lies: -1000 });
    expect(await code(open().read('model.safetensors'))).toBe('hubDamaged');
    hub.misbehave({ lies: 1000 });
    expect(await code(open().read('model.safetensors'))).toMatch(/hubUnavailable|hubDamaged/);
    expect(existsSync(cache('snapshots', hub.commit, 'model.safetensors'))).toBe(false);
  });
  it.each([
    [[429, 503, 500], 'hubUnavailable'],
    [[429, 503], 'none'],
    [[401], 'hubRefused'],
    [[403], 'hubRefused'],
    [[404], 'hubNotFound'],
  ])('answers %j when asked for the model: %s', async (list, expected) => {
    hub.misbehave({ statuses: { path: /^\/api\//, list: [...list] } });
    expect(await code(open().read('config.json'))).toBe(expected);
  });
  it.each([
    [[429, 500, 502], 'hubUnavailable'],
    [[429, 500], 'none'],
    [[403], 'hubRefused'],
  ])('answers %j in the middle of a download: %s', async (list, expected) => {
    hub.misbehave({ statuses: { path: /^\/elsewhere\//, list: [...list] } });
    expect(await code(open().read('model.safetensors'))).toBe(expected);
  });
  it('is not there, or is no hub', async () => {
    expect(await code(open({}, { HF_ENDPOINT: 'http://127.0.0.1:9' }).read('config.json'))).toBe('hubUnavailable');
    expect(await code(open({ revision: 'nonsense' }).read('config.json'))).toBe('hubNotFound');
    expect(await code(open().read('ghost.bin'))).toBe('hubNotFound');
  });
});

describe('two at once', () => {
  it('fetch a file once, and both have it', async () => {
    const [a, b] = await Promise.all([open().read('model.safetensors'), open().read('model.safetensors')]);
    expect(sha256(a)).toBe(sha256(large));
    expect(sha256(b)).toBe(sha256(large));
    expect(hub.asked.filter(({ path }) => path.startsWith('/elsewhere/')).length).toBe(1);
    expect(readdirSync(cache('blobs'))).toEqual([sha256(large)]);
  });
  it('a lock that a killed process left is taken over', async () => {
    mkdirSync(cache('blobs'), { recursive: true });
    const lock = cache('blobs', `${sha256(large)}.lock`);
    writeFileSync(lock, '');
    utimesSync(lock, new Date(0), new Date(0));
    expect(sha256(await open().read('model.safetensors'))).toBe(sha256(large));
    expect(existsSync(lock)).toBe(false);
  });
});

it('a hub’s names, and what is none', () => {
  for (const name of ['klue/bert-base', 'gpt2', 'skt/kogpt2-base-v2']) expect(isHubName(name)).toBe(true);
  for (const name of ['./folder', '/a/b', 'a/b/c', '../x', 'a b', '.', '']) expect(isHubName(name)).toBe(false);
});
