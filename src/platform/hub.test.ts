import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Folder } from './folders.ts';
import { sha256, startHub, type TestHub } from './hub.testing.ts';
import { type HubOptions, hubModel, isHubName } from './hub.ts';
import { type HubProgress, Progress } from './hubProgress.ts';
import { pause } from './patience.ts';

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
  const folder = hubModel('owner/model', {
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
  it('at a commit of which a part is in the cache, comes as the rest is asked for', async () => {
    await open().read('config.json');
    const folder = open({ revision: hub.commit });
    expect(await folder.has('model.safetensors')).toBe(true);
    expect((await folder.read('model.safetensors')).length).toBe(large.length);
    expect(await folder.has('vocab.txt')).toBe(false);
    // What a commit lacks is remembered, where Python remembers it.
    expect(existsSync(cache('.no_exist', hub.commit, 'vocab.txt'))).toBe(true);
    hub.asked.length = 0;
    expect(await open({ revision: hub.commit }).has('vocab.txt')).toBe(false);
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
    const starts = hub.asked
      .filter(({ path }) => path.startsWith('/elsewhere/'))
      .map(({ range }) => Number(/\d+/.exec(range)?.[0] ?? 0));
    expect(starts.length).toBeGreaterThan(2);
    // What was on its way when the connection broke is lost; nothing that came is asked for twice.
    expect(starts).toEqual(starts.toSorted((a, b) => a - b));
    expect(starts[0]).toBe(0);
    expect(starts.at(-1)).toBeGreaterThan(0);
  });
  it('breaks off always at the same place and begins anew: given up, and what came is kept for the next run', async () => {
    hub.misbehave({ breaksAfter: 100_000, ignoresRanges: true });
    expect(await code(open().read('model.safetensors'))).toBe('hubUnavailable');
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
    expect(sha256(readFileSync(await open().keptAt!('model.safetensors')))).toBe(sha256(large));
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
  it('compresses what it was asked to give as it is: unpacked, and begun anew where a piece of it is no use', async () => {
    hub.misbehave({ breaksAfter: 100_000, breaks: 1 });
    const folder = open({ attempts: 1 });
    expect(await code(folder.read('model.safetensors'))).toBe('none');
    rmSync(cache('blobs'), { recursive: true });
    rmSync(cache('snapshots'), { recursive: true });
    hub.misbehave({ gzips: true });
    expect(sha256(await open().read('model.safetensors'))).toBe(sha256(large));
    rmSync(cache('snapshots'), { recursive: true });
    rmSync(cache('blobs', sha256(large)));
    writeFileSync(cache('blobs', `${sha256(large)}.siseon.incomplete`), large.slice(0, 1234));
    hub.misbehave({ gzips: true });
    expect(await code(open().read('model.safetensors'))).toBe('none');
  });
  it('is hidden behind a sign-in page: no hub, and no file', async () => {
    hub.misbehave({ html: /^\/api\// });
    await expect(open().read('config.json')).rejects.toThrow('does not answer as a hub does');
    hub.misbehave({ html: /resolve/ });
    expect(await code(open().read('config.json'))).toBe('hubDamaged');
    expect(await code(open().read('model.safetensors'))).toBe('hubUnavailable');
  });
  it('says nothing: asked again, and given up', async () => {
    hub.misbehave({ silent: /./ });
    await expect(open({ silence: 20 }).read('config.json')).rejects.toThrow('said nothing for 0.02 s');
    hub.misbehave({ silent: /elsewhere/ });
    expect(await code(open({ silence: 20 }).read('model.safetensors'))).toBe('hubUnavailable');
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
    [[403], 'hubUnavailable'],
  ])('answers %j in the middle of a download: %s', async (list, expected) => {
    hub.misbehave({ statuses: { path: /^\/elsewhere\//, list: [...list] } });
    expect(await code(open().read('model.safetensors'))).toBe(expected);
  });
  it('lets a file go, and the host of its bytes does not: that is not told as a gated model', async () => {
    hub.misbehave({ statuses: { path: /^\/elsewhere\//, list: [403] } });
    const error = await open()
      .read('model.safetensors')
      .then(String, (cause: Error) => cause.message);
    expect(error).toContain(`the host of its files, 127.0.0.1:${new URL(hub.address).port}, answered 403`);
    expect(error).toMatch(/proxy or firewall/);
    expect(error).not.toMatch(/private|gated|token/);
  });
  it('gates a model: what to do depends on who asks', async () => {
    const refused = async (status: number, token: string): Promise<string> => {
      hub.misbehave({ statuses: { path: /resolve/, list: [status] } });
      return open({}, { HF_TOKEN: token })
        .read('model.safetensors')
        .then(String, (error: Error) => error.message);
    };
    expect(await refused(401, '')).toMatch(/accept its terms.*set HF_TOKEN/);
    expect(await refused(401, 'hf_old')).toMatch(/the token is not known/);
    expect(await refused(403, 'hf_a')).toContain(`Accept the terms at ${hub.address}/owner/model`);
  });
  it.each(['hf_good\nsecret', '한글', 'secret'])(
    'a token that is none is refused before anything is asked, and never printed',
    async (token) => {
      const error = await open({}, { HF_TOKEN: token })
        .read('model.safetensors')
        .catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: 'badHubToken', kind: 'usage' });
      expect(`${(error as Error).stack} ${JSON.stringify(error)}`).not.toMatch(/secret|한글/);
      expect(hub.asked).toEqual([]);
    },
  );
  it('is not there, or is no hub', async () => {
    expect(await code(open({}, { HF_ENDPOINT: 'http://127.0.0.1:9' }).read('config.json'))).toBe('hubUnavailable');
    await expect(open({}, { HF_ENDPOINT: 'nonsense' }).read('config.json')).rejects.toThrow('Check HF_ENDPOINT');
    for (const revision of ['nonsense', '../../../etc', '/etc'])
      expect(await code(open({ revision }).read('config.json'))).toBe('hubNotFound');
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

describe('without the hub, what is in the cache is read, and said to be', () => {
  it.each([
    ['it cannot be reached', { HF_ENDPOINT: 'http://127.0.0.1:9' }, []],
    ['it is broken', {}, [503, 503]],
    ['it refuses', {}, [401]],
  ])('%s', async (_, environment, list) => {
    await open().prefetch!(['config.json', 'model.safetensors']);
    hub.misbehave({ statuses: { path: /^\/api\//, list: [...list] } });
    const told: string[] = [];
    const folder = open({ onKept: ({ commit, why }) => told.push(`${commit} ${why.code}`) }, environment);
    expect(sha256(await folder.read('model.safetensors'))).toBe(sha256(large));
    expect(told).toEqual([`${hub.commit} ${list[0] === 401 ? 'hubRefused' : 'hubUnavailable'}`]);
    // A file that is not there fails with the reason that it cannot be fetched for.
    expect(await folder.has('parts/second.bin')).toBe(false);
    expect(await code(folder.read('parts/second.bin'))).toBe(list[0] === 401 ? 'hubRefused' : 'hubUnavailable');
    expect(folder.absence!()).toMatchObject({ code: list[0] === 401 ? 'hubRefused' : 'hubUnavailable' });
  });
  it('a revision that is gone is not', async () => {
    await open().read('config.json');
    hub.misbehave({ statuses: { path: /^\/api\//, list: [404] } });
    expect(await code(open().read('config.json'))).toBe('hubNotFound');
  });
});

describe('the environment', () => {
  const at = (...path: string[]): boolean => existsSync(join(...path, 'models--owner--model', 'refs', 'main'));
  it('HF_HOME has the cache in `hub`; HF_HUB_CACHE is it; XDG_CACHE_HOME has `huggingface/hub`; ~ is home', async () => {
    const read = (environment: Record<string, string>): Promise<unknown> => {
      const folder = hubModel('owner/model', { environment: { HF_ENDPOINT: hub.address, ...environment } });
      opened.push(folder);
      return folder.read('config.json');
    };
    await read({ HF_HOME: join(home, 'a') });
    expect(at(home, 'a', 'hub')).toBe(true);
    await read({ HF_HOME: join(home, 'a'), HF_HUB_CACHE: join(home, 'b') });
    expect(at(home, 'b')).toBe(true);
    await read({ XDG_CACHE_HOME: join(home, 'c') });
    expect(at(home, 'c', 'huggingface', 'hub')).toBe(true);
    const before = process.env.HOME;
    process.env.HOME = home;
    try {
      await read({ HF_HOME: '~/d' });
      await read({});
    } finally {
      process.env.HOME = before;
    }
    expect(at(home, 'd', 'hub')).toBe(true);
    expect(at(home, '.cache', 'huggingface', 'hub')).toBe(true);
  });
  it('HF_TOKEN comes before the file HF_TOKEN_PATH; a token given comes before both', async () => {
    writeFileSync(join(home, 'mine'), 'hf_file\n');
    const tokens: string[] = [];
    for (const [environment, options] of [
      [{ HF_TOKEN_PATH: join(home, 'mine') }, {}],
      [{ HF_TOKEN_PATH: join(home, 'mine'), HF_TOKEN: ' hf_variable\n' }, {}],
      [{ HF_TOKEN: 'hf_variable' }, { token: 'hf_option' }],
      [{}, {}],
    ] as const) {
      hub.asked.length = 0;
      await open(options, environment).list();
      tokens.push(hub.asked[0]!.token);
    }
    expect(tokens).toEqual(['Bearer hf_file', 'Bearer hf_variable', 'Bearer hf_option', '']);
  });
  it('HF_ENDPOINT may end with a slash; HF_HUB_OFFLINE knows 1, ON, yes and true', async () => {
    expect(await code(open({}, { HF_ENDPOINT: `${hub.address}/` }).read('config.json'))).toBe('none');
    for (const [value, expected] of [
      ['1', 'hubOffline'],
      ['ON', 'hubOffline'],
      ['yes', 'hubOffline'],
      ['True', 'hubOffline'],
      ['0', 'none'],
      ['', 'none'],
    ] as const)
      expect(await code(open({}, { HF_HUB_OFFLINE: value }).read('parts/second.bin')), value).toBe(expected);
  });
});

describe('a cache that cannot be written to', () => {
  it('below a file: says where and what to do', async () => {
    writeFileSync(join(home, 'file'), '');
    const folder = open({}, { HF_HOME: join(home, 'file') });
    await expect(folder.read('config.json')).rejects.toMatchObject({
      code: 'cannotWrite',
      message: expect.stringMatching(/a part of the path is a file.*HF_HOME/),
    });
  });
  it.skipIf(!existsSync('/dev/full'))(
    'on a disk that is full: said at once, not asked for again and again',
    async () => {
      mkdirSync(cache('blobs'), { recursive: true });
      symlinkSync('/dev/full', cache('blobs', `${sha256(large)}.siseon.incomplete`));
      await expect(open().read('model.safetensors')).rejects.toThrow('the disk is full');
      expect(hub.asked.filter(({ path }) => path.startsWith('/elsewhere/')).length).toBe(1);
      expect(readdirSync(cache('blobs')).filter((name) => name.endsWith('.lock'))).toEqual([]);
    },
  );
});

it('waits as long as the server says, in seconds or to a date, at most 30 s, and else twice as long each time', () => {
  const now = Date.parse('2026-11-26T10:00:00Z');
  expect(pause('7', 0, 300, now)).toBe(7000);
  expect(pause('Thu, 26 Nov 2026 10:00:12 GMT', 0, 300, now)).toBe(12_000);
  expect(pause('3600', 0, 300, now)).toBe(30_000);
  expect(pause('Thu, 26 Nov 2026 09:00:00 GMT', 2, 300, now)).toBe(1200);
  for (const nothing of [null, '', 'soon', '-1']) expect(pause(nothing, 3, 300, now)).toBe(2400);
});

it('time left: at the speed of what came in this run, none of it counted that was there', () => {
  let now = 0;
  const progress = new Progress(() => now);
  progress.expect('a', 1000);
  progress.expect('b', 500);
  expect(progress.tell('a', 400)).toEqual({ file: 'a', done: 400, total: 1500, secondsLeft: null });
  now = 2000;
  // 200 bytes in 2 s, 900 to come: 9 s.
  expect(progress.tell('a', 600)).toEqual({ file: 'a', done: 600, total: 1500, secondsLeft: 9 });
});

it('a hub’s names, and what is none', () => {
  for (const name of ['klue/bert-base', 'gpt2', 'skt/kogpt2-base-v2']) expect(isHubName(name)).toBe(true);
  for (const name of ['./folder', '/a/b', 'a/b/c', '../x', 'a b', '.', '']) expect(isHubName(name)).toBe(false);
});
