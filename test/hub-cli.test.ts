/** `--model NAME` as a person would use it, against a hub of our own on loopback. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startHub, type TestHub } from '../src/platform/hub.testing.ts';

const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const story = '철수가 사과를 맛있게 먹었다';
const home = mkdtempSync(join(tmpdir(), 'siseon-hub-cli-'));
let hub: TestHub;

const siseon = (environment: Record<string, string>, ...args: string[]) =>
  new Promise<{ status: number; stdout: string; stderr: string }>((resolve) => {
    const env = { ...process.env, LANG: 'C', LC_ALL: '', HF_HOME: home, HF_ENDPOINT: hub.address, ...environment };
    execFile(process.execPath, [main, ...args], { env }, (error, stdout, stderr) =>
      resolve({ status: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    );
  });

beforeAll(async () => {
  const names = ['config.json', 'model.safetensors', 'tokenizer.json'];
  const read = (name: string): Uint8Array => readFileSync(new URL(`../models/ko/${name}`, import.meta.url));
  hub = await startHub('owner/korean', Object.fromEntries(names.map((name) => [name, read(name)])));
});
afterAll(async () => {
  await hub.close();
  rmSync(home, { recursive: true });
});

it('fetches a model with broken connections in between, tells its megabytes, and reads it offline afterwards', async () => {
  hub.misbehave({ breaksAfter: 400_000, breaks: 2 });
  const first = await siseon({}, story, '--model', 'owner/korean', '--json');
  expect(first.stderr).toMatch(/내려받는 중 \S+: \d+\.\d \/ \d+\.\d MB/);
  expect(first.status).toBe(0);
  const shipped = await siseon({}, story, '--json');
  const numbers = (text: string): unknown => ({ ...(JSON.parse(text) as object), model: null });
  expect(numbers(first.stdout)).toEqual(numbers(shipped.stdout));
  await hub.close();
  const offline = await siseon({ HF_HUB_OFFLINE: '1' }, story, '--model', `owner/korean@${hub.commit}`, '--json');
  expect(numbers(offline.stdout)).toEqual(numbers(shipped.stdout));
  const folders = readdirSync(join(home, 'hub', 'models--owner--korean'));
  expect(folders.sort()).toEqual(['.no_exist', 'blobs', 'refs', 'snapshots']);
  // The hub is gone and nobody said so: the cache, with a notice.
  const alone = await siseon({}, story, '--model', 'owner/korean', '--json');
  expect(numbers(alone.stdout)).toEqual(numbers(shipped.stdout));
  expect(alone.stderr).toMatch(/^알림: 허브가 답하지 않아\(.*\) 캐시에 있는 판 c0ffee00을 읽어요\.\n$/);
});

it('names a model that is not there, and what to do', async () => {
  const { status, stderr } = await siseon({ HF_HUB_OFFLINE: '1' }, story, '--model', 'owner/nothing');
  expect(status).toBe(1);
  expect(stderr).toContain('owner/nothing');
  expect(stderr).toContain('HF_HUB_OFFLINE');
});
