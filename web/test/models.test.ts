/** Models of the visitor's own in the room Explore: dropped, from a hub on loopback, side by side, cancelled, refused. */
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { zipSync } from 'fflate';
import type { Page } from 'playwright-core';
import type { Edit } from 'siseon/attention';
import { patchFrom, wordMatrix } from 'siseon/lens';
import { loadModel, readNpz, writeSafetensors } from 'siseon/model';
import { modelFolder } from 'siseon/models/ko';
import { generate, recordTrace } from 'siseon/trace';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { knownConfig, knownModel, letterVocabulary } from '../../src/lens/known.testing.ts';
import { startHub, type TestHub } from '../../src/platform/hub.testing.ts';
import { ofHead, pasteStages } from '../src/engine/change.ts';
import { write } from '../src/engine/predictions.ts';
import { storySentence } from '../src/permalink.ts';
import { onThePage, violations } from './onThePage.ts';
import { endWorker, saved, withWorker } from './site.ts';

const shipped = await loadModel(modelFolder);
const letters = encodeURIComponent('c a b c');

/** As GPT-2's files have them: linear maps [input, output], query, key and value in one. */
async function gpt2Tensors({ family, architecture, parameters }: Awaited<ReturnType<typeof knownModel>>) {
  const tensors = new Map<string, { name: string; shape: number[]; data: Float32Array }>();
  for (const { name, shape, tensor, transposed, rows } of family.parameters(architecture, new Set())) {
    const [outputs = 0, inputs = 1] = shape;
    const [total, start] = [rows?.total ?? outputs, rows?.start ?? 0];
    const own = shape.length === 1 ? [total] : transposed ? [inputs, total] : [total, inputs];
    const file = tensors.get(tensor) ?? { name: tensor, shape: own, data: new Float32Array(total * inputs) };
    const data = await parameters.get(name)!.read();
    for (let o = 0; o < outputs; o++)
      for (let i = 0; i < inputs; i++)
        file.data[transposed && shape.length > 1 ? i * total + start + o : (start + o) * inputs + i] =
          data[o * inputs + i]!;
    tensors.set(tensor, file);
  }
  return [...tensors.values()];
}

/** Two layers of four heads whose parameters were set by hand, as a folder; it reads from left to right. */
const folder = mkdtempSync(join(tmpdir(), 'siseon-models-'));
const checkpoint = join(folder, 'known');
mkdirSync(checkpoint);
writeFileSync(join(checkpoint, 'config.json'), JSON.stringify(knownConfig));
writeFileSync(join(checkpoint, 'tokenizer.json'), JSON.stringify(letterVocabulary));
writeFileSync(
  join(checkpoint, 'model.safetensors'),
  writeSafetensors(await gpt2Tensors(await knownModel()), { format: 'pt' }),
);
const known = await loadModel(checkpoint);

const sample = fileURLToPath(new URL('../../src/model/checkpoint/samples/gpt2.gguf', import.meta.url));
/**
 * The sample, which has no words, with words of its own. Entries of a GGUF's metadata stand one after another behind their
 * count; the numbers begin at a multiple of 32, so what is added is made one.
 */
function spoken(bytes: Buffer): Buffer {
  const long = (n: number): Buffer => {
    const at = Buffer.alloc(8);
    at.writeBigUInt64LE(BigInt(n));
    return at;
  };
  const short = (n: number): Buffer => long(n).subarray(0, 4);
  const words = (text: string): Buffer => Buffer.concat([long(Buffer.byteLength(text)), Buffer.from(text)]);
  const [ofText, ofList] = [short(8), short(9)];
  const entry = (name: string, ...value: Buffer[]): Buffer => Buffer.concat([words(name), ...value]);
  const list = (name: string, texts: readonly string[]): Buffer =>
    entry(name, ofList, ofText, long(texts.length), ...texts.map(words));
  const none = words('no_vocab');
  const at = bytes.indexOf(none);
  const more = [
    list('tokenizer.ggml.tokens', ['a', 'b', 'c', 'Ġ', 'Ġa', 'Ġb', 'Ġc']),
    list('tokenizer.ggml.merges', ['Ġ a', 'Ġ b', 'Ġ c']),
    entry('tokenizer.ggml.pre', ofText, words('gpt-2')),
  ];
  const model = words('gpt2');
  const filled = (length: number): Buffer => entry('general.name', ofText, words('s'.repeat(length)));
  const added = Buffer.concat([...more, filled(0)]).length + model.length - none.length;
  const header = Buffer.concat([...more, filled(32 - (added % 32))]);
  const entries = long(Number(bytes.readBigUInt64LE(16)) + more.length + 1);
  return Buffer.concat([
    bytes.subarray(0, 16),
    entries,
    header,
    bytes.subarray(24, at),
    model,
    bytes.subarray(at + none.length),
  ]);
}

it('writing ends before the mark for what the vocabulary does not have, which no text says', async () => {
  const sampling = { temperature: 0, topK: null, seed: 0, count: 3 };
  // The model repeats what it has read: known letters, and the mark for others.
  for (const [text, mark] of [
    ['c a b c', null],
    ['z z z z', '[UNK]'],
  ] as const) {
    const drawn: string[] = [];
    for await (const { id } of generate(known, { text }, { temperature: 0, maxTokens: 3 }))
      drawn.push(known.tokenizer!.piece(id)!);
    const written: string[] = [];
    const tell = ({ piece }: { readonly piece: string }): void => void written.push(piece);
    const ended = await write(
      known,
      { text, edits: [] },
      sampling,
      { layer: 1, head: 0 },
      tell,
      new AbortController().signal,
    );
    expect(drawn.includes('[UNK]')).toBe(mark !== null);
    expect(written).toEqual(mark === null ? drawn : drawn.slice(0, drawn.indexOf(mark)));
    expect(ended).toEqual({ full: false, unknown: mark });
  }
});

onThePage('models of the visitor’s own', (site) => {
  let hub: TestHub;
  beforeAll(async () => {
    const files = ['config.json', 'model.safetensors', 'tokenizer.json'];
    hub = await startHub(
      'owner/known',
      Object.fromEntries(files.map((name) => [name, new Uint8Array(readFileSync(join(checkpoint, name)))])),
    );
  }, 240_000);
  afterAll(async () => {
    await hub?.close();
    rmSync(folder, { recursive: true });
  });

  /** The same checkpoint with room for other positions; its numbers are a hole in the disk, which takes none of it. */
  function sparse(name: string, positions: number): string {
    const place = join(folder, name);
    mkdirSync(place);
    const bytes = readFileSync(join(checkpoint, 'model.safetensors'));
    const tensors = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE())).toString()) as Record<
      string,
      { shape: number[] }
    >;
    let end = 0;
    const header = JSON.stringify(
      Object.fromEntries(
        Object.entries(tensors).flatMap(([tensor, { shape }]) => {
          if (tensor === '__metadata__') return [];
          const own = tensor.endsWith('wpe.weight') ? [positions, shape[1]!] : shape;
          const start = end;
          end += 4 * own.reduce((product, size) => product * size, 1);
          return [[tensor, { dtype: 'F32', shape: own, data_offsets: [start, end] }]];
        }),
      ),
    );
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(header.length));
    writeFileSync(join(place, 'model.safetensors'), Buffer.concat([size, Buffer.from(header)]));
    truncateSync(join(place, 'model.safetensors'), 8 + header.length + end);
    writeFileSync(join(place, 'config.json'), JSON.stringify({ ...knownConfig, n_positions: positions }));
    writeFileSync(join(place, 'tokenizer.json'), JSON.stringify(letterVocabulary));
    return place;
  }

  /** A checkpoint with room for so many tokens to which all letters are alike: it looks at them evenly, and draws any. */
  async function even(name: string, positions: number): Promise<string> {
    const place = join(folder, name);
    mkdirSync(place);
    const tensors = (await gpt2Tensors(await knownModel())).map(({ name: tensor, shape }) => {
      const own = tensor.endsWith('wpe.weight') ? [positions, shape[1]!] : shape;
      return { name: tensor, shape: own, data: new Float32Array(own.reduce((product, size) => product * size, 1)) };
    });
    const first = (end: string): Float32Array => tensors.find(({ name: tensor }) => tensor.endsWith(end))!.data;
    // All but the mark for what it does not know.
    first('ln_f.bias')[0] = 1;
    first('lm_head.weight')[0] = -100;
    writeFileSync(join(place, 'model.safetensors'), writeSafetensors(tensors, { format: 'pt' }));
    writeFileSync(join(place, 'config.json'), JSON.stringify({ ...knownConfig, n_positions: positions }));
    writeFileSync(join(place, 'tokenizer.json'), JSON.stringify(letterVocabulary));
    return place;
  }

  /** What the hand does: over the field, and let go. */
  async function drop(page: Page, path: string): Promise<void> {
    for (const what of ['reach', 'depth']) await page.locator(`data[data-of^="${what}:"]`).first().waitFor();
    const field = page.locator('.drop');
    await field.scrollIntoViewIfNeeded();
    // What is above it may still come and push it down.
    let [box, before] = [(await field.boundingBox())!, -1];
    while (box.y !== before) {
      await page.waitForTimeout(500);
      [box, before] = [(await field.boundingBox())!, box.y];
    }
    const devtools = await page.context().newCDPSession(page);
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
      await devtools.send('Input.dispatchDragEvent', {
        type,
        x: box.x + box.width / 2,
        y: box.y + box.height / 2,
        data: { items: [], files: [path], dragOperationsMask: 1 },
      });
  }
  const opened = (page: Page, name: string) => page.getByText(new RegExp(`지금 모든 방의 숫자는 ${name}`)).waitFor();
  const json = async (page: Page) =>
    JSON.parse((await saved(page, 'JSON')).toString()) as { model: string; weights: (number | null)[][] };
  const sameCells = (ours: readonly (readonly (number | null)[])[], theirs: readonly (readonly number[])[]): void => {
    for (const [i, row] of theirs.entries())
      for (const [j, weight] of row.entries())
        expect(Math.abs((ours[i]![j] ?? 0) - weight), `${i} ${j}`).toBeLessThanOrEqual(1e-6);
  };

  it('a dropped folder: size and memory first; masked cells are hatched, and it writes on with what it looked at', () =>
    site.visited(async ({ page, open, numbers }) => {
      await open(`#/ko/explore?s=${letters}`);
      await drop(page, checkpoint);
      await page.getByText(/매개변수\s[\d,]+개. 메모리가 [\d.]+MB쯤/).waitFor();
      await page.getByRole('button', { name: '이 모델 열기' }).click();
      await opened(page, 'known');
      await open(`#/ko/explore?s=${letters}&h=1.0&u=token`);
      await page.getByText('빗금: 이 질문에는 가려진 색인').first().waitFor();
      const trace = await recordTrace(known, { text: 'c a b c' });
      const { weights } = await json(page);
      for (const [i, row] of weights.entries())
        for (const [j, weight] of row.entries()) expect(weight === null, `${i} ${j}`).toBe(j > i);
      sameCells(weights, (await wordMatrix(trace, known, { layer: 1, head: 0 })).weights);
      const arrays = readNpz(await saved(page, 'NPZ'));
      expect([...arrays.get('masked')!.data]).toEqual(weights.flat().map((weight) => Number(weight === null)));
      // What is masked is hatched: of the stripes' colour and the ground's, and of no other.
      const hatched = await page
        .locator('.grid canvas')
        .first()
        .evaluate((canvas: HTMLCanvasElement) => {
          const side = canvas.width / 4;
          return [1, 2, 3].map((j) => {
            const { data } = canvas.getContext('2d')!.getImageData(j * side, 0, side, side);
            return [...new Set(Array.from({ length: side * side }, (_, i) => data[i * 4 + 1]!))];
          });
        });
      const channel = (name: string): Promise<number> =>
        page.evaluate(
          (n) => Number.parseInt(getComputedStyle(document.documentElement).getPropertyValue(n).trim().slice(3, 5), 16),
          name,
        );
      const [stripe, ground] = [await channel('--stripe'), await channel('--ground')];
      for (const colours of hatched) expect(colours.toSorted()).toEqual([ground, stripe].toSorted());

      await page.locator('#write-temperature').focus();
      await page.keyboard.press('Home');
      await page.locator('#write-count').fill('2');
      await page.getByRole('button', { name: '이어 쓰기 시작' }).click();
      await page.locator('data[data-of="written:1"]').waitFor();
      const shown = await numbers();
      let [n, text] = [0, 'c a b c'];
      for await (const token of generate(known, { text: 'c a b c' }, { maxTokens: 2 })) {
        expect(Math.abs(shown.get(`written:${n}`)! - token.probability)).toBeLessThanOrEqual(1e-5);
        const { data, shape } = await token.look(1);
        const looked = [...shown].filter(([of]) => of.startsWith(`looked:${n}:`));
        expect(looked).toHaveLength(3);
        for (const [of, weight] of looked)
          expect(Math.abs(weight! - data[Number(of.split(':')[2])]!), of).toBeLessThanOrEqual(1e-5);
        expect(shape[0]).toBe(4);
        text += token.text;
        n++;
      }
      expect(await violations(page)).toEqual([]);
      // However narrow the page, a word keeps to its number.
      const wide = page.viewportSize()!;
      const apart: number[][] = [];
      for (let width = 360; width >= 180; width -= 20) {
        await page.setViewportSize({ width, height: 800 });
        apart.push(
          await page
            .locator('section:has(#write) tbody .key')
            .evaluateAll((words) =>
              words.map(
                (word) =>
                  word.parentElement!.querySelector('.key + data')!.getBoundingClientRect().bottom -
                  word.getBoundingClientRect().bottom,
              ),
            ),
        );
      }
      expect(apart.flat().filter((distance) => Math.abs(distance) > 4)).toEqual([]);
      expect(apart.flat()).toHaveLength(60);
      await page.setViewportSize(wide);
      // The sentence has grown by what was written.
      expect(await page.locator('#sentence').inputValue()).toBe(text);
      // What was done to the model is done to the one that writes, and it says so; as does the run before.
      await page.locator('#write-temperature').fill('1.2');
      await page.locator('#write-top-k').fill('3');
      await page.locator('#write-count').fill('4');
      const silenced: Edit = { kind: 'ablate', layer: 1, head: 0, by: 'zero' };
      const ofWords = /단어에 손댄 것은 쓰기 시작할 때 있던 토큰에만/;
      const drawn = new Set<string>();
      for (const [place, edits, ...said] of [
        ['', [], /손대지 않은 모델로 썼어요/],
        ['&e=s1.0', [silenced], /손댄 대로 썼어요.?\(L1·H0: 끔\)/],
        ['&e=s1.0&v=before', [], /보고 있어서, 손댄 것 없이 썼어요/],
        ['&e=d3-3', [{ kind: 'drop', position: 3 }], /손댄 대로 썼어요.?\(단어에 손댄 것 1가지\)/, ofWords],
      ] as const satisfies readonly (readonly [string, readonly Edit[], ...RegExp[]])[]) {
        await open(`#/ko/explore?s=${letters}&h=1.0&u=token${place}`);
        await page.locator('#write-seed').fill('5');
        await page.getByRole('button', { name: '이어 쓰기 시작' }).click();
        for (const sentence of said) await page.locator('section:has(#write)').getByText(sentence).waitFor();
        await page.locator('form:has(#write-count) [type=submit]:enabled').waitFor();
        const found = await numbers();
        const options = { maxTokens: 4, temperature: 1.2, topK: 3, seed: 5 };
        let [n, own] = [0, 'c a b c'];
        for await (const token of generate(known, { text: own, edits }, options)) {
          expect(Math.abs(found.get(`written:${n++}`)! - token.probability), place).toBeLessThanOrEqual(1e-5);
          own += token.text;
        }
        expect(await page.locator('#sentence').inputValue(), place).toBe(own);
        drawn.add(own);
      }
      expect(drawn.size).toBe(3);
      // It writes no more than it can read again, and says that it is full.
      await page.locator('#write-temperature').fill('0');
      await page.locator('#write-top-k').fill('0');
      await page.locator('#write-count').fill('200');
      await page.getByRole('button', { name: '이어 쓰기 시작' }).click();
      const { positionCount } = known.architecture;
      await page.getByText(`한 번에 읽는 토큰은 ${positionCount}개까지예요. 글이 그만큼 찼어요.`).waitFor();
      expect((await page.locator('#sentence').inputValue()).trim().split(/\s+/)).toHaveLength(positionCount);
      expect(await page.getByText(/문장이 너무 길어요/).count()).toBe(0);
      // What the fields do not allow is not written: the browser says why.
      await page.locator('#write-seed').fill('-5');
      expect(await page.locator('#write-seed').evaluate((field: HTMLInputElement) => field.form!.checkValidity())).toBe(
        false,
      );
    }));

  it('a model that reads no text is refused, and the one in use stays; two checkpoints in one folder are not mixed; a zip is its folder', () =>
    site.visited(async ({ page, open }) => {
      const mute = join(folder, 'mute');
      mkdirSync(mute);
      for (const file of ['config.json', 'model.safetensors']) copyFileSync(join(checkpoint, file), join(mute, file));
      await open(`#/ko/explore?s=${letters}`);
      await drop(page, folder);
      await page.getByText('체크포인트가 둘 이상 들어 있어요').waitFor();
      expect(await page.getByRole('button', { name: '이 모델 열기' }).count()).toBe(0);
      // It is told with its size, before anything is read.
      await drop(page, mute);
      await page.getByText('tokenizer.json이 없어').waitFor();
      await page.getByText(/메모리가 [\d.]+MB쯤/).waitFor();
      expect(await page.getByRole('button', { name: '이 모델 열기' }).count()).toBe(0);
      await drop(page, sample);
      await page.getByText('어휘가 들어 있지 않아서').waitFor();
      await page.getByText(/gpt2\.gguf.*메모리가 [\d.]+MB쯤/).waitFor();
      expect(await page.getByRole('button', { name: '이 모델 열기' }).count()).toBe(0);
      expect(await page.locator('.grid').count()).toBe(1);
      expect((await json(page)).model).toBe('siseon/models/ko');
      expect(await page.locator('#sentence').inputValue()).toBe('c a b c');
      // A zip is the folder that it holds, as Train exports one; a broken one is said, and stays in no list.
      const files = ['config.json', 'model.safetensors', 'tokenizer.json'];
      const zip = zipSync(
        Object.fromEntries(
          files.map((file) => [`known/${file}`, new Uint8Array(readFileSync(join(checkpoint, file)))]),
        ),
      );
      for (const [name, bytes] of [
        ['broken.zip', zip.subarray(0, 1000)],
        ['packed.zip', zip],
      ] as const)
        writeFileSync(join(folder, name), bytes);
      await drop(page, join(folder, 'broken.zip'));
      await page.getByText('zip 파일이 아니거나 깨졌어요').waitFor();
      expect(await page.getByText('지금까지 고른 파일').count()).toBe(0);
      await drop(page, join(folder, 'packed.zip'));
      await page.getByRole('button', { name: '이 모델 열기' }).click();
      await opened(page, 'known');
    }));

  it('files chosen one by one: called by their kind, two of them told apart; what is broken is named', () =>
    site.visited(async ({ page, open }) => {
      /** The checkpoint's files in a place of their own, saved at another minute, some of them broken. */
      const copied = (name: string, minute: number, broken: Readonly<Record<string, string>> = {}): string[] => {
        const place = join(folder, name);
        mkdirSync(place);
        return ['config.json', 'expected.safetensors', 'model.safetensors', 'tokenizer.json'].map((file) => {
          const path = join(place, file);
          const from = file === 'expected.safetensors' ? 'model.safetensors' : file;
          writeFileSync(path, broken[file] ?? readFileSync(join(checkpoint, from)));
          utimesSync(path, new Date(2024, 1, 29, 13, minute), new Date(2024, 1, 29, 13, minute));
          return path;
        });
      };
      const choose = (files: string[]): Promise<void> => page.locator('#own-files').setInputFiles(files);
      const alert = (said: RegExp) => page.locator('section:has(#own) [role=alert]').getByText(said).waitFor();
      await open(`#/ko/explore?s=${letters}`);
      await page.locator('.readout').first().waitFor();
      await choose(copied('cut', 0, { 'model.safetensors': 'cut off' }));
      await alert(/^model\.safetensors: 읽을\s수\s있는 safetensors 파일이 아니에요/);
      await choose(copied('rub', 0, { 'config.json': '{x' }));
      await alert(/^config\.json: JSON이 아니에요\. .*2번째 글자에서 읽을\s수\s없어요/);

      const [early, late] = [copied('early', 1), copied('late', 2)];
      const name = 'gpt2';
      await choose(early);
      await page.getByText(new RegExp(`^${name} 파일 [\\d.]+MB`)).waitFor();
      await page.getByRole('button', { name: '이 모델 열기' }).click();
      await opened(page, name);
      await choose(late);
      // What is no file of a model takes nothing of the offer away, and is said.
      writeFileSync(join(folder, 'about.txt'), 'about this model');
      await choose([join(folder, 'about.txt')]);
      await page.getByText(/모델의 파일이 아니라서 보태지 않았어요: about\.txt/).waitFor();
      await page.getByRole('button', { name: '옆에 두고 견주기' }).click();
      await page.getByText(`옆에 둔 모델은 ${name} (2024-02-29 13:02:00)`).waitFor();
      expect(await page.getByText(/보태지 않았어요/).count()).toBe(0);
      const captions = page.locator('.compare figcaption');
      await expect.poll(() => captions.count()).toBe(3);
      expect((await captions.allTextContents()).slice(0, 2).map((text) => text.split(',')[0])).toEqual([
        name,
        `${name} (2024-02-29 13:02:00)`,
      ]);
      // The address calls each by its name, and knows it again.
      await page.reload();
      await page.getByText(`파일에서 연 ‘${name}’ 모델로 본 것이에요`).waitFor();
      await page.getByText(`주소는 파일에서 연 ‘${name} (2024-02-29 13:02:00)’ 모델을 옆에 두고`).waitFor();
      await choose(late);
      await page.getByRole('button', { name: '옆에 두고 견주기' }).click();
      await page.getByText(`옆에 둔 모델은 ${name} (2024-02-29 13:02:00)`).waitFor();
    }));

  it('pastes from another sentence where the visitor says; the change has a name, and the address brings it back', () =>
    site.visited(async ({ page, open, numbers }) => {
      await open('#/ko/explore?q=3');
      const from = '철수가 빵을 맛있게 먹었다';
      await page.locator('#paste-from').fill(from);
      // All words stay but the second.
      const rows = page.locator('table:has(th:text-is("이 문장")) select');
      await rows.first().waitFor();
      for (const i of [0, 1, 3, 4, 5]) await rows.nth(i).selectOption('');
      const [here, there] = [
        await recordTrace(shipped, { text: storySentence }),
        await recordTrace(shipped, { text: from }),
      ];
      const [a, b] = [here.encoding!.words[1]!.tokens, there.encoding!.words[1]!.tokens];
      const alignment = a.slice(0, b.length).map((to, n) => [to, b[n]!] as const);
      // The word in question is hidden in both sentences, or the other would bring its answer along.
      const mask = shipped.tokenizer!.tokenId('[MASK]')!;
      const [token, counterpart] = [here, there].map(({ encoding }) => encoding!.words[3]!.tokens[0]!) as [
        number,
        number,
      ];
      const ids = here.ids.with(token, mask);
      const askedThere = await recordTrace(shipped, { ids: there.ids.with(counterpart, mask) });
      const size = shipped.architecture.vocabularySize;
      const { layer, head } = shipped.metadata.defaultView!;
      const agree = async (stage: (typeof pasteStages)[number]): Promise<void> => {
        const place = { ...(stage !== 'embeddings' && { layer }), ...(ofHead(stage) && { head }) };
        const edits: Edit[] = [await patchFrom(askedThere, shipped, { stage, ...place, alignment })];
        const row = (await shipped.run(ids, () => {}, edits)).logits!.slice(token * size, (token + 1) * size);
        const total = row.reduce((sum, logit) => sum + Math.exp(logit), 0);
        await page.locator('data[data-of^="guessAfter:"]').first().waitFor();
        for (const [of, value] of await numbers())
          if (of.startsWith('guessAfter:'))
            expect(
              Math.abs(value! - Math.exp(row[Number(of.split(':')[1])]!) / total),
              `${stage} ${of}`,
            ).toBeLessThanOrEqual(1e-5);
      };
      // Every stage, the last of which stays.
      for (const stage of pasteStages) {
        await page.locator('#paste-stage').selectOption(stage);
        await page.getByRole('button', { name: '옮겨 오기', exact: true }).click();
        await agree(stage);
        if (stage === 'output') continue;
        await page.getByRole('button', { name: '되돌리기', exact: true }).click();
        await page.locator('data[data-of^="guessAfter:"]').first().waitFor({ state: 'detached' });
      }
      // The layer is named once.
      await page.locator('.changes li', { hasText: /층\s\d: “[^”]+”.?의\s출력\s\(/ }).waitFor();
      await page.locator('.changes li input').fill('사과 자리에 빵');
      await page.keyboard.press('Tab');
      await page.locator('.changes li b').getByText('사과 자리에 빵').waitFor();
      await agree('output');
      const address = page.url();
      await page.getByRole('button', { name: '되돌리기', exact: true }).click();
      await page.locator('data[data-of^="guessAfter:"]').first().waitFor({ state: 'detached' });
      await page.goto(address);
      await page.reload();
      await page.locator('.changes li b').getByText('사과 자리에 빵').waitFor();
      await agree('output');
    }));

  it('a model from the hub, kept for the next time, beside the one that comes along: their difference is the library’s', async () => {
    const visit = await site.visit();
    const { page, open, complaints } = visit;
    const foreign = (): string[] =>
      complaints.filter((line) => !line.startsWith(hub.address) && !line.includes('/elsewhere/'));
    await open(`#/ko/explore?s=${letters}`);
    await page.locator('.readout').first().waitFor();
    expect(hub.asked).toEqual([]);
    await page.getByText('허브 주소', { exact: true }).click();
    await page.locator('#own-endpoint').fill(hub.address);
    await page.locator('#own-hub').fill('owner/known');
    await page.getByRole('button', { name: '크기 알아보기' }).click();
    await page.getByText(/메모리가 [\d.]+MB쯤/).waitFor();
    // So far only what says how large it is.
    expect(hub.asked.some(({ path }) => path.endsWith('model.safetensors') && path.startsWith('/elsewhere'))).toBe(
      false,
    );
    await page.getByRole('button', { name: '옆에 두고 견주기' }).click();
    await page.getByText(/옆에 둔 모델은 owner\/known/).waitFor();
    await page.locator('#beside-layer').fill('1');
    await page.locator('#beside-head').fill('0');
    await page.getByText(/옆에 둔 모델에서 지금 모델을 뺀/).waitFor();
    const view = shipped.metadata.defaultView!;
    const [ours, theirs] = [
      await wordMatrix(await recordTrace(shipped, { text: 'c a b c' }), shipped, view),
      await wordMatrix(await recordTrace(known, { text: 'c a b c' }), known, { layer: 1, head: 0 }),
    ];
    await page.locator('.frame').last().focus();
    for (const key of ['ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowRight'])
      await page.keyboard.press(key);
    // Words alone are compared; the shipped model has a separator in front of them.
    const difference = theirs.weights[3]![1]! - ours.weights[4]![2]!;
    const said = difference.toFixed(2).replace('-0.00', '0.00').replace('-', '−');
    await page.locator('.readout').last().getByText(said).waitFor();

    // Two layers of four heads and another number of them cannot be paired.
    await page.getByText(/층이나 헤드의 수가 달라서/).waitFor();
    await page.getByRole('heading', { name: '이 브라우저에 남겨 둔 모델' }).waitFor();

    // The address brings the model beside back, with its head, once the visitor says so.
    await page.waitForFunction(() => location.hash.includes('n=owner%2Fknown&nh=1.0'));
    await page.reload();
    await page.getByText(/주소는 ‘owner\/known’ 모델을 옆에 두고/).waitFor();
    expect(await page.locator('#own-hub').inputValue()).toBe('owner/known');
    // It is kept with the address of the hub that it came from, which need not be said again.
    await expect.poll(() => page.locator('#own-endpoint').inputValue()).toBe(hub.address);
    await page.locator('li', { hasText: 'owner/known' }).getByText(hub.address).waitFor();
    await page.getByRole('button', { name: '크기 알아보기' }).click();
    await page.getByRole('button', { name: '옆에 두고 견주기' }).click();
    await page.getByText(/옆에 둔 모델은 owner\/known/).waitFor();
    expect(await page.locator('#beside-layer').inputValue()).toBe('1');
    expect(await page.locator('#beside-head').inputValue()).toBe('0');

    hub.asked.length = 0;
    await page.getByRole('button', { name: '옆에 둔 모델 치우기' }).click();
    await page.waitForFunction(() => !location.hash.includes('n='));
    await page.getByRole('button', { name: '크기 알아보기' }).click();
    await page.getByRole('button', { name: '이 모델 열기' }).click();
    await opened(page, 'owner/known');
    expect(hub.asked.filter(({ path }) => path.startsWith('/elsewhere'))).toEqual([]);
    await page.waitForFunction(() => location.hash.includes('m=owner%2Fknown'));
    // The page's own model beside it, at a head that it does not have: left out, which is said.
    await page.evaluate(() => (location.hash += '&n=siseon%2Fmodels%2Fko&nh=8.8'));
    await page.getByText('빼고 열었어요: nh=8.8').waitFor();
    await page.getByRole('button', { name: '옆에 둔 모델 치우기' }).click();
    // What is kept is opened at one press.
    await page.getByRole('button', { name: '원래 모델로 돌아가기' }).first().click();
    await page.waitForFunction(() => !location.hash.includes('m='));
    await page.locator('#own-endpoint').evaluate((field: HTMLInputElement) => (field.closest('details')!.open = true));
    await page.locator('#own-endpoint').fill('https://huggingface.co');
    await page.getByRole('button', { name: 'owner/known 열기' }).click();
    await opened(page, 'owner/known');
    // Another window lists what is kept, and sees it go, and come.
    const other = await page.context().newPage();
    await other.goto(`${site.address}#/ko/explore`);
    const listed = other.getByRole('heading', { name: '이 브라우저에 남겨 둔 모델' });
    await listed.waitFor();
    await page.getByRole('button', { name: 'owner/known 지우기' }).click();
    await page.getByRole('heading', { name: '이 브라우저에 남겨 둔 모델' }).waitFor({ state: 'detached' });
    await listed.waitFor({ state: 'detached' });
    await page.locator('#own-endpoint').fill(hub.address);
    await page.locator('#own-hub').fill('owner/known');
    await page.getByRole('button', { name: '크기 알아보기' }).click();
    await page.getByRole('button', { name: '이 모델 열기' }).click();
    await listed.waitFor();
    await other.close();
    expect(foreign()).toEqual([]);
    await visit.close();
  });

  it('a model that Learn trained is called in the page’s language after a reload, with the way to train it again', () =>
    site.visited(async ({ page, open }) => {
      await open('#/ko/explore?m=trained%3Aseed%203%2C%20step%202400');
      const told = page.locator('.absent');
      await told.getByText(/배우기’.*에서 학습한 모델.?\(시드\s3, 걸음\s2400\).*같은 시드로 다시 학습하면/).waitFor();
      await page.getByRole('button', { name: 'English' }).click();
      await told.getByText(/the model that Learn trains \(seed 3, step 2400\).*from the same seed/).waitFor();
      // The way on begins with the seed that the address names.
      await told.getByRole('link', { name: 'Training: learning where to look' }).click();
      await page.getByRole('button', { name: 'Start training' }).click();
      await page.getByText(/^Seed 3, step \d+ of/).waitFor();
      await page.getByRole('button', { name: 'Pause' }).click();
      // Behind the kind may stand a name of the visitor's own as well.
      await open('#/en/explore?m=trained%3Amine');
      await told.getByText(/that this browser does not keep: “mine”.*load it in Train/).waitFor();
      // What was done to it waits for it, whether this model has such a head or not; what is done here is done to this one.
      await open('#/en/explore?s=%EC%B2%A0%EC%88%98%EA%B0%80&e=s0.0,s9.9&m=trained%3Amine');
      const list = page.locator('.changes ol li');
      const waiting = page.getByText(/wait for another model, and come back with it: 2/);
      await waiting.waitFor();
      expect(await list.count()).toBe(0);
      expect(await page.getByRole('button', { name: 'Changed', exact: true }).count()).toBe(0);
      await page.getByRole('button', { name: 'Silence this head' }).click();
      await page.getByRole('button', { name: 'Changed', exact: true }).waitFor();
      expect(await list.count()).toBe(1);
      await waiting.waitFor();
      await page.getByRole('button', { name: 'Undo all' }).click();
      await list.waitFor({ state: 'detached' });
      await waiting.waitFor();
      expect(decodeURIComponent(page.url())).toContain('e=s0.0,s9.9');
    }));

  it('a GGUF file that is dropped, or one of several: its attention is the library’s', () =>
    site.visited(async ({ page, open, complaints }) => {
      const file = join(folder, 'spoken.gguf');
      writeFileSync(file, spoken(readFileSync(sample)));
      const model = await loadModel(file);
      const before = 'e=d1-1,s1.1';
      await open(`#/ko/explore?s=${letters}&${before}`);
      // Of a folder of several one is chosen by its name and size, and so of several on the hub.
      const two = join(folder, 'two');
      mkdirSync(two);
      for (const [from, to] of [
        [sample, 'mute.gguf'],
        [file, 'spoken.gguf'],
      ] as const)
        copyFileSync(from, join(two, to));
      const empty = join(folder, 'empty');
      mkdirSync(empty);
      await drop(page, empty);
      await page.getByText('파일이 없어서 아무것도 바뀌지 않았어요').waitFor();
      await page.locator('#own-files').setInputFiles([join(two, 'mute.gguf'), join(two, 'spoken.gguf')]);
      await page.getByText('파일이 없어서').waitFor({ state: 'detached' });
      await page.getByText('고른 것 가운데 GGUF 파일이 2개 있어요').waitFor();
      await drop(page, two);
      await page.getByText('two에 GGUF 파일이 2개 있어요').waitFor();
      await page
        .locator('.kept li', { hasText: 'mute.gguf' })
        .getByText(/^[\d.]+MB$/)
        .waitFor();
      await page.getByRole('button', { name: 'spoken.gguf 고르기' }).click();
      await page.getByText(/매개변수\s[\d,]+개. 메모리가 [\d.]+MB쯤/).waitFor();
      await page.getByRole('button', { name: '이 모델 열기' }).click();
      await opened(page, 'spoken.gguf');
      // What was done in the model before waits for it.
      await page.waitForFunction(() => !location.hash.includes('e='));
      await page.getByText('다른 모델에서 손댄 것 2가지는 그 모델을 다시 열면 돌아와요').waitFor();
      const trace = await recordTrace(model, { text: 'c a b c' });
      for (const head of [0, model.architecture.headCount - 1]) {
        await open(`#/ko/explore?s=${letters}&h=1.${head}&u=token`);
        await page.locator(`.grid [data-head="1.${head}"][aria-pressed=true]`).waitFor();
        const { weights } = await json(page);
        expect(weights).toHaveLength(4);
        sameCells(weights, (await wordMatrix(trace, model, { layer: 1, head })).weights);
      }
      // A blank at the end is a token to this model: another sentence, and what was done to the first is put aside, to be
      // told from it by the blank that is seen.
      const [one, other] = ['c a b c', 'c a b c '];
      await open(`#/ko/explore?s=${letters}&h=1.${model.architecture.headCount - 1}&u=token`);
      await page.locator('.one .frame').focus();
      await page.keyboard.press('ArrowDown');
      await page.getByRole('button', { name: '가리기 (모든 헤드에서)' }).click();
      await page.waitForFunction(() => location.hash.includes('e=d'));
      await page.locator('#sentence').fill(other);
      await page.locator('.aside li', { hasText: one }).waitFor();
      expect((await page.locator('.aside li').textContent())!.includes('␣')).toBe(false);
      // The note comes with the keystroke, the square when it is computed.
      await expect.poll(async () => (await json(page)).weights.length).toBe(model.tokenizer!.encode(other).ids.length);
      await page.getByRole('button', { name: '그 문장으로 돌아가기' }).click();
      await page.waitForFunction(() => location.hash.includes('e=d'));
      expect(await page.locator('#sentence').inputValue()).toBe(one);
      await page.getByRole('button', { name: '모두 되돌리기' }).click();
      // Files cannot stand in an address, but which they were does: whoever opens it again is told.
      await page.waitForFunction(() => location.hash.includes('m=files%3Aspoken.gguf'));
      await page.reload();
      await page.getByText(/파일에서 연 ‘spoken.gguf’ 모델로 본 것이에요/).waitFor();
      await drop(page, file);
      await page.getByRole('button', { name: '이 모델 열기' }).click();
      await opened(page, 'spoken.gguf');
      await page.getByText(/파일에서 연 spoken.gguf 모델로/).waitFor({ state: 'detached' });
      // The head that the address names is of this model, and stays.
      await page.locator(`.grid [data-head="1.${model.architecture.headCount - 1}"][aria-pressed=true]`).waitFor();
      await page.getByRole('button', { name: '원래 모델로 돌아가기' }).click();
      await page.waitForFunction((changes) => location.hash.endsWith(changes), before);
      await page.getByText(/다른 모델에서 손댄 것/).waitFor({ state: 'detached' });
      const both = await startHub(
        'owner/two',
        Object.fromEntries(
          ['mute.gguf', 'spoken.gguf'].map((name) => [name, new Uint8Array(readFileSync(join(two, name)))]),
        ),
      );
      try {
        await page.getByText('허브 주소', { exact: true }).click();
        await page.locator('#own-endpoint').fill(both.address);
        await page.locator('#own-hub').fill('owner/two');
        await page.getByRole('button', { name: '크기 알아보기' }).click();
        await page.getByRole('button', { name: 'spoken.gguf 고르기' }).click();
        await page.getByRole('button', { name: '이 모델 열기' }).click();
        await opened(page, 'owner/two/spoken.gguf');
        // The hub was asked for; nobody else.
        const foreign = complaints.filter((line) => !line.startsWith(both.address) && !line.includes('/elsewhere/'));
        complaints.splice(0, Infinity, ...foreign);
      } finally {
        await both.close();
      }
    }));

  it('a download is told in MB; cancelled, it stops on the network, and the model in use stays', async () => {
    const files = ['config.json', 'model.safetensors', 'tokenizer.json'];
    const place = await even('large', 4000);
    const slow = await startHub(
      'owner/large',
      Object.fromEntries(files.map((name) => [name, new Uint8Array(readFileSync(join(place, name)))])),
    );
    slow.misbehave({ trickles: 40 });
    const visit = await site.visit();
    const { page, open } = visit;
    const stopped: string[] = [];
    page.on('requestfailed', (request) => stopped.push(request.url()));
    await open(`#/ko/explore?s=${letters}`);
    await page.getByText('허브 주소', { exact: true }).click();
    await page.locator('#own-endpoint').fill(slow.address);
    await page.locator('#own-hub').fill('owner/large');
    await page.getByRole('button', { name: '크기 알아보기' }).click();
    await page.getByRole('button', { name: '이 모델 열기' }).click();
    const bytes = readFileSync(join(place, 'model.safetensors')).length;
    const told = page.getByText(`받는 중이에요: ${(bytes / 1e6).toFixed(1)}MB 중`);
    await told.waitFor();
    const done = async (): Promise<number> => Number(/중 ([\d.]+)MB/.exec((await told.textContent())!)![1]);
    const before = await done();
    await expect.poll(done).toBeGreaterThan(before);
    // Whoever looks at another room meanwhile finds it further on.
    await page.getByRole('link', { name: '도서관', exact: true }).click();
    await page.locator('h1', { hasText: '도서관' }).waitFor();
    await page.getByRole('link', { name: '살펴보기' }).click();
    await told.waitFor();
    const there = await done();
    expect(there).toBeGreaterThan(before);
    await expect.poll(done).toBeGreaterThan(there);
    await page.getByRole('button', { name: '그만두기' }).click();
    await page.locator('section:has(#own) [role=status]').getByText('그만두었어요').waitFor();
    await expect.poll(() => stopped.some((url) => url.endsWith('/model.safetensors'))).toBe(true);
    const { length } = slow.asked;
    await page.waitForTimeout(500);
    expect(slow.asked).toHaveLength(length);
    expect((await json(page)).model).toBe('siseon/models/ko');
    // It is listed as what it is, in another visit too, and goes on from there at one press.
    await page.reload();
    const row = page.locator('.kept li', { hasText: 'owner/large' });
    const begun = await row.getByText(/받다 말았어요: [\d.]+MB 중 [\d.]+MB/).textContent();
    const [, total, came] = /: ([\d.]+)MB 중 ([\d.]+)MB/.exec(begun!)!.map(Number);
    expect(total).toBeCloseTo(bytes / 1e6, 1);
    expect(came).toBeGreaterThan(0);
    expect(came).toBeLessThan(total!);
    expect(await row.getByRole('button').allTextContents()).toEqual(['이어받기', '지우기']);
    slow.misbehave({});
    slow.asked.length = 0;
    await page.getByRole('button', { name: 'owner/large 이어받기' }).click();
    await opened(page, 'owner/large');
    const large = slow.asked.filter(({ path }) => path === '/elsewhere/model.safetensors');
    expect(large.map(({ range }) => range)).toEqual([expect.stringMatching(/^bytes=[1-9]\d*-$/)]);
    await row.getByText(/^owner\/large\s[\d.]+MB/).waitFor();
    expect(await row.getByRole('button').allTextContents()).toEqual(['열기', '옆에 두기', '지우기']);
    await visit.close();
    await slow.close();
  });

  it('a text of 1,024 tokens: only rows in sight are asked for, on a canvas of the screen’s size; writing on can be stopped', () =>
    site.visited(
      async ({ page, open }) => {
        const text = Array.from({ length: 1024 }, (_, i) => 'abc'[i % 3]).join(' ');
        const place = await even('long', 1300);
        await open(`#/ko/explore?s=${letters}&u=token`);
        await drop(page, place);
        await page.getByRole('button', { name: '이 모델 열기' }).click();
        await opened(page, 'long');
        await page.locator('#sentence').fill(text);
        const square = page.locator('.one');
        await square.getByText('항목이 1024개라서').waitFor();
        const asked = (): Promise<Set<number>> =>
          page.evaluate(() => (window as unknown as { rows: number[] }).rows).then((rows) => new Set(rows));
        expect(Math.max(...(await asked()))).toBe(63);
        const [canvas, frame] = [square.locator('canvas').first(), square.locator('.frame')];
        const heights = [
          await canvas.evaluate((element: HTMLCanvasElement) => element.height),
          await frame.evaluate((element) => element.clientHeight),
          await frame.evaluate((element) => element.scrollHeight),
        ] as const;
        expect(Math.abs(heights[0] - heights[1])).toBeLessThan(20);
        expect(heights[2]).toBeGreaterThan(10 * heights[1]);
        await frame.evaluate((element) => (element.scrollTop = element.scrollHeight));
        await expect.poll(async () => (await asked()).has(1023)).toBe(true);
        expect((await asked()).size).toBeLessThan(256);
        await frame.click({ position: { x: 200, y: heights[1] - 20 } });
        await square.locator('.readout b').getByText('0.00').waitFor();

        await page.locator('#write-count').fill('200');
        // As soon as a few are written: a hand would be slower, and the model is fast.
        await page.evaluate(() => {
          new MutationObserver((_, watch) => {
            if (!document.querySelector('data[data-of="written:4"]')) return;
            watch.disconnect();
            [...document.querySelectorAll<HTMLElement>('form:has(#write-count) button')].at(-1)!.click();
          }).observe(document.body, { subtree: true, childList: true });
        });
        await page.getByRole('button', { name: '이어 쓰기 시작' }).click();
        await page.locator('section:has(#write) [role=status]').getByText('그만 썼어요').waitFor();
        const written = await page.locator('data[data-of^="written:"]').count();
        expect(written).toBeGreaterThanOrEqual(5);
        expect(written).toBeLessThan(200);
        // Whoever stops it has made no error.
        expect(await page.locator('section:has(#write) [role=alert]').count()).toBe(0);
        await page.waitForTimeout(300);
        expect(await page.locator('data[data-of^="written:"]').count()).toBe(written);

        // What is typed meanwhile stops it as well, and stays.
        await page.locator('#sentence').fill('c a b c');
        const typed = await page.evaluate(
          () =>
            new Promise<string>((resolve) => {
              new MutationObserver((_, watch) => {
                if (!document.querySelector('data[data-of="written:2"]')) return;
                watch.disconnect();
                const field = document.querySelector<HTMLTextAreaElement>('#sentence')!;
                field.value += ' b b';
                field.dispatchEvent(new InputEvent('input', { bubbles: true }));
                resolve(field.value);
              }).observe(document.body, { subtree: true, childList: true });
              document.querySelector<HTMLElement>('form:has(#write-count) [type=submit]')!.click();
            }),
        );
        await page
          .locator('section:has(#write) [role=status]')
          .getByText(/그만 썼어요.*모델이 쓴 글: “/)
          .waitFor();
        await page.locator('form:has(#write-count) [type=submit]:enabled').waitFor();
        await page.waitForTimeout(300);
        expect(typed).toMatch(/^c a b c .+ b b$/);
        expect(await page.locator('#sentence').inputValue()).toBe(typed);
        const told = await page.locator('section:has(#write) [role=status]').textContent();
        expect(`c a b c ${/“(.*)”/.exec(told!)![1]} b b`).toBe(typed);
        expect(await page.locator('data[data-of^="written:"]').count()).toBeLessThan(200);
        expect(await page.locator('section:has(#write) [role=alert]').count()).toBe(0);

        // A picture of many rows: cells alone, between what they are and, where something was done, what.
        const many = 300;
        await page.locator('#sentence').fill(Array.from({ length: many }, (_, i) => 'abc'[i % 3]).join(' '));
        await square.getByText(`항목이 ${many}개라서`).waitFor();
        const painted = async () => {
          const base64 = (await saved(page, 'PNG')).toString('base64');
          return page.evaluate(async (encoded) => {
            const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
            const picture = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
            const { width, height } = picture;
            const pen = new OffscreenCanvas(width, height).getContext('2d')!;
            pen.drawImage(picture, 0, 0);
            const { data } = pen.getImageData(0, 0, width, height);
            const row = (y: number) => Array.from({ length: width }, (_, x) => data[4 * (y * width + x) + 1]!);
            return { width, height, rows: Array.from({ length: height }, (_, y) => new Set(row(y)).size > 1) };
          }, base64);
        };
        const [side, margin] = [3, 48];
        const plain = await painted();
        expect(plain.width).toBe(many * side + 2 * margin);
        /** The heading, the axes' names, the cells, and the lines of letters below them, each apart from the next. */
        const blocks = ({ rows }: { rows: boolean[] }): number =>
          rows.filter((drawn, y) => drawn && !rows[y + 1]).length;
        await page.getByRole('button', { name: '이 헤드 끄기' }).click();
        await page.getByRole('button', { name: '손댄 뒤', exact: true }).waitFor();
        const changed = await painted();
        expect(changed.height).toBe(plain.height + 2 * 17);
        expect(blocks(changed)).toBe(blocks(plain) + 1);
      },
      {},
      // Which rows of squares the page asks its worker for.
      (page) =>
        page.addInitScript(() => {
          const rows: number[] = [];
          Object.assign(window, { rows });
          const { postMessage } = Worker.prototype;
          Worker.prototype.postMessage = function (this: Worker, ...what: unknown[]) {
            const { path, argumentList } = what[0] as { path?: string[]; argumentList?: { value: unknown }[] };
            const part = argumentList?.at(-1)?.value as { first: number; last: number };
            const asks = path?.[0] === 'reading' && (path[1] === 'square' || path[1] === 'band');
            // A sentence that is short is there as a whole, whatever was asked for.
            if (asks && JSON.stringify(argumentList).length > 2000)
              for (let row = part.first; row < part.last; row++) rows.push(row);
            postMessage.apply(this, what as Parameters<typeof postMessage>);
          };
        }),
    ));

  it('refuses what cannot be opened, says the way on, and keeps text and model: no model, too large, cancelled, no hub', async () => {
    const visit = await site.visit();
    const { page, open } = visit;
    await open('#/ko/explore?s=%EC%98%81%ED%9D%AC%EA%B0%80%20%EC%9B%83%EC%97%88%EB%8B%A4');
    const alert = (said: RegExp) => page.locator('section:has(#own) [role=alert]').getByText(said).waitFor();
    writeFileSync(join(folder, 'holiday.gguf'), 'no model at all');
    await drop(page, join(folder, 'holiday.gguf'));
    await alert(/holiday\.gguf: 읽을\s수\s있는 GGUF 파일이 아니에요\. GGUF로 시작하지 않아요\. 잘렸거나 깨졌으니/);
    writeFileSync(join(folder, 'photo.jpg'), 'a photo');
    await drop(page, join(folder, 'photo.jpg'));
    await alert(/config.json이 없어요/);

    await drop(page, sparse('huge', 8_000_000));
    // The verdict comes with size and memory; there is nothing to press.
    await page.getByText(/메모리가 [\d.]+GB쯤/).waitFor();
    await alert(
      /^huge 모델은 이 탭에 담기에 너무 커요\. 매개변수에 메모리가 [\d.]+GB 드는데, 여기에는 4\.2GB까지 담을\s수\s있어요\. 같은 계열의 더 작은 모델.*float16/,
    );
    expect(await page.getByRole('button', { name: '이 모델 열기' }).count()).toBe(0);
    // Of a larger one the half is too large too.
    await drop(page, sparse('larger', 24_000_000));
    await alert(/^larger 모델은 .*까지 담을\s수\s있어요\. 같은 계열의 더 작은 모델을 골라\s주세요/);
    await drop(page, join(folder, 'huge'));
    await alert(/^huge 모델은/);
    await page.getByRole('button', { name: 'English' }).click();
    await alert(
      /^huge is too large for this tab: its parameters take [\d.]+\sGB of memory, and 4\.2\sGB fit here at most\. Take a smaller model/,
    );
    await page.getByRole('button', { name: '한국어' }).click();
    await drop(page, sparse('slow', 200_000));
    await page.getByText(/메모리가 [\d.]+MB쯤/).waitFor();
    await page.getByRole('button', { name: '이 모델 열기' }).click();
    await page.getByRole('button', { name: '그만두기' }).click();
    // What the visitor did is no alarm.
    await page
      .locator('[role=status]')
      .getByText(/그만두었어요/)
      .waitFor();
    await page.getByText('허브 주소', { exact: true }).click();
    await page.locator('#own-endpoint').fill('http://127.0.0.1:9');
    await page.locator('#own-hub').fill('owner/known');
    await page.getByRole('button', { name: '크기 알아보기' }).click();
    await alert(/허브에 닿지 못했어요/);
    // What the page's own policy forbids is not blamed on the connection.
    await page.locator('#own-endpoint').fill('https://example.com');
    await page.getByRole('button', { name: '크기 알아보기' }).click();
    await alert(/그 주소에 물을\s수\s없어요.*huggingface\.co/);
    await page.locator('#own-endpoint').fill('not an address');
    await page.getByRole('button', { name: '크기 알아보기' }).click();
    await alert(/허브 주소로 읽을\s수\s없어요/);
    await page.locator('#own-endpoint').fill('http://127.0.0.1:9');
    await page.locator('#own-hub').fill('not a name');
    await page.getByRole('button', { name: '크기 알아보기' }).click();
    await alert(/만든이\/이름/);
    // Nothing of it touched what the visitor had.
    expect(await page.locator('#sentence').inputValue()).toBe('영희가 웃었다');
    expect((await json(page)).model).toBe('siseon/models/ko');
    await visit.close();
  });

  it('says what to do where the storage is full, the network gone, or the text too long, and loses no text', async () => {
    const visit = await site.visit({ serviceWorkers: 'allow' });
    const { page, open } = visit;
    const alert = (said: RegExp) => page.locator('[role=alert]').getByText(said).first().waitFor();
    const text = '영희가 웃었다';
    await open(`#/ko/explore?s=${encodeURIComponent(text)}`);
    await page.locator('.readout').first().waitFor();
    await page.evaluate(() => navigator.serviceWorker.ready);
    await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
    const ask = async (): Promise<void> => {
      if (!(await page.locator('#own-endpoint').isVisible()))
        await page.getByText('허브 주소', { exact: true }).click();
      await page.locator('#own-endpoint').fill(hub.address);
      await page.locator('#own-hub').fill('owner/known');
      await page.getByRole('button', { name: '크기 알아보기' }).click();
    };
    const intact = async (sentence: string): Promise<void> => {
      expect(await page.locator('#sentence').inputValue()).toBe(sentence);
      expect((await json(page)).model).toBe('siseon/models/ko');
    };

    const devtools = await page.context().newCDPSession(page);
    const origin = new URL(site.address).origin;
    await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1 });
    await ask();
    await alert(/저장 공간이 모자라요/);
    await intact(text);
    await devtools.send('Storage.overrideQuotaForOrigin', { origin });

    await page.context().setOffline(true);
    await page.reload();
    await page.locator('.readout').first().waitFor();
    await ask();
    await alert(/허브에 닿지 못했어요/);
    await intact(text);

    // Offline and with more text than a model reads, the page goes on.
    const long = '사과를 '.repeat(12_500);
    await page.locator('#sentence').fill(long);
    await alert(/이 모델은 한 번에 \d+개까지 읽어요/);
    expect(await page.locator('#sentence').inputValue()).toBe(long);
    await page.locator('#sentence').fill(storySentence);
    await page
      .locator('[role=alert]')
      .getByText(/한 번에/)
      .first()
      .waitFor({ state: 'detached' });
    await page.locator('.gaze .word').nth(3).waitFor();
    await intact(storySentence);

    await page.context().setOffline(false);
    await ask();
    await page.getByRole('button', { name: '이 모델 열기' }).click();
    await opened(page, 'owner/known');
    await visit.close();
  });

  it('the worker killed: says so, keeps the text, and the visitor’s own model is one press away', () =>
    site.visited(
      async ({ page, open }) => {
        await open(`#/ko/explore?s=${letters}`);
        await drop(page, checkpoint);
        await page.getByRole('button', { name: '이 모델 열기' }).click();
        await opened(page, 'known');
        await endWorker(page);
        await page.locator('#sentence').fill('a b c');
        const again = page.getByRole('button', { name: '다시 시작' }).first();
        await again.waitFor({ timeout: 30_000 });
        expect(await page.locator('#sentence').inputValue()).toBe('a b c');
        await again.click();
        await page.getByText(/known 모델이 닫혔어요/).waitFor();
        await page.getByRole('button', { name: '이 모델 열기' }).click();
        await opened(page, 'known');
        await page.waitForFunction(() => document.querySelectorAll('.gaze .word').length === 3);
        expect(await page.locator('#sentence').inputValue()).toBe('a b c');
        const { weights } = await json(page);
        const seen = await wordMatrix(await recordTrace(known, { text: 'a b c' }), known, {});
        sameCells(weights, seen.weights);
      },
      {},
      withWorker,
    ));
});
