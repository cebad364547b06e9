/** `siseon generate` and `siseon info` as people type them, with a tiny model that has a vocabulary and a chat template. */
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commands, pairFiles, wordTokenizer, written } from './commands.testing.ts';

const families = fileURLToPath(new URL('./families', import.meta.url));
const words = ['[UNK]', '<s>', '</s>', 'user', 'system', '나는', '사과를', '먹었다', '.', 'a', 'b', 'c', 'd', 'e', 'f'];
const { place, siseon, remove } = commands('generate');
const model = join(place, 'writer');

beforeAll(() => {
  cpSync(join(families, 'llama'), model, { recursive: true });
  writeFileSync(join(model, 'tokenizer.json'), JSON.stringify(wordTokenizer(words, { before: '<s>' })));
  const chat_template =
    "{{ bos_token }}{% for m in messages %}{% if m.content == 'a' %}{{ raise_exception('not a') }}{% endif %}{{ m.role }} {{ m.content }} {% endfor %}";
  writeFileSync(join(model, 'tokenizer_config.json'), JSON.stringify({ bos_token: '<s>', chat_template }));
  writeFileSync(join(model, 'README.md'), '---\nlicense: mit\n---\n');
});
afterAll(remove);

describe('siseon generate', () => {
  it('writes on from a text, shows where it looked, and stops before a text', async () => {
    const ask = ['generate', '나는 사과를', '--model', model, '--tokens', '4', '--json'];
    const [plain, again] = await Promise.all([siseon(...ask), siseon(...ask, '--head', '1', '--looks', '1')]);
    const { written, added } = JSON.parse(plain.stdout) as { written: Record<string, unknown>[]; added: string };
    expect(written).toHaveLength(4);
    expect(written[0]).toMatchObject({ position: 3, head: null, layer: 1 });
    const one = JSON.parse(again.stdout) as { written: { id: number; head: number; looked: unknown[] }[] };
    expect(one.written.map(({ id }) => id)).toEqual(written.map(({ id }) => id));
    expect(one.written[0]).toMatchObject({ head: 1, looked: [{ position: expect.any(Number) }] });
    const word = written.map(({ text }) => String(text).trim()).findLast((text) => text !== '')!;
    const stopped = JSON.parse((await siseon(...ask, '--stop', word)).stdout) as { added: string };
    expect(added).toContain(word);
    expect(stopped.added).toBe(added.slice(0, added.indexOf(word)));
  });
  it('shows the whole text: what stood there, as text or as ids, and what was added', async () => {
    const last = async (...args: string[]): Promise<string> => {
      const { stdout } = await siseon('generate', '--tokens', '2', '--lang', 'en', ...args);
      return stdout.trimEnd().split('\n').at(-2)!;
    };
    const added = async (...args: string[]): Promise<string> =>
      (JSON.parse((await siseon('generate', '--tokens', '2', '--json', ...args)).stdout) as { added: string }).added;
    const pair = ['--model', written(join(place, 'pair'), pairFiles('bart'))];
    const [ids, text] = [
      ['--ids', '1,5,6', '--model', model],
      ['나는 사과를', '--model', model],
    ];
    expect(await last(...ids)).toBe(`  나는 사과를${await added(...ids)}`);
    expect(await last(...text)).toBe(`  나는 사과를${await added(...text)}`);
    const own = ['나는 사과를', ...pair];
    expect(await last(...own, '--decoder-ids', '2,7')).toBe(await last(...own, '--decoder', '철수가'));
    expect(await last(...own, '--decoder-ids', '2,7')).toMatch(/^ {2}철수가 /);
    expect(await last(...own)).toBe(`  ${await added(...own)}`);
    const bare = ['--ids', '3,4', '--model', join(families, 'llama')];
    expect(await last(...bare)).toBe(`  3 4 ${await added(...bare)}`);
  });
  it('shows a token as predict does, its blank drawn, Hangul put together and half a letter as bytes, and takes it so', async () => {
    const bytes = join(place, 'bytes');
    cpSync(join(families, 'gpt2'), bytes, { recursive: true });
    const vocabulary = [...'Ġatnoíķľ', 'íķ', 'íķľ', 'Ġt', 'Ġa', 'at', 'Ċ', 'no', 'on', 'to'];
    const merges = ['í ķ', 'íķ ľ', 'Ġ t', 'Ġ a', 'a t', 'n o', 'o n', 't o'];
    const vocab = Object.fromEntries(vocabulary.map((piece, id) => [piece, id]));
    const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
    const tokenizer = { model: { type: 'BPE', vocab, merges }, pre_tokenizer: byteLevel, decoder: byteLevel };
    writeFileSync(join(bytes, 'tokenizer.json'), JSON.stringify(tokenizer));
    const shown = [
      ...'␣atno',
      '<0xED>',
      '<0x95>',
      '<0x9C>',
      '<0xED><0x95>',
      '한',
      '␣t',
      '␣a',
      'at',
      '⏎',
      'no',
      'on',
      'to',
    ];
    const ask = ['at 한 to', '--model', bytes, '--lang', 'en'];
    const all = await siseon('predict', ...ask, '--count', '17', '--json');
    const { guesses } = JSON.parse(all.stdout) as { guesses: { token: number; piece: string; text: string }[] };
    expect(guesses.map(({ token }) => token).toSorted((a, b) => a - b)).toEqual(vocabulary.map((_, id) => id));
    for (const { token, piece, text } of guesses)
      expect([piece, text], `${token}`).toEqual([vocabulary[token], shown[token]]);
    const followed = ['한', 'íķľ', '␣t', 'Ġt', '<0xED><0x95>'].map((token) =>
      siseon('predict', ...ask, '--token', token, '--json'),
    );
    const tokens = (await Promise.all(followed)).map(({ stdout }) => JSON.parse(stdout).followed.token);
    expect(tokens).toEqual([9, 9, 10, 10, 8]);
    const [text, json] = await Promise.all([
      siseon('generate', ...ask, '--tokens', '3', '--looks', '9'),
      siseon('generate', ...ask, '--tokens', '3', '--looks', '9', '--json'),
    ]);
    const { written } = JSON.parse(json.stdout) as { written: { looked: { text: string; position: number }[] }[] };
    // at, a blank, 한, ␣t, o: the text's own tokens.
    const own = written[0]!.looked.toSorted((a, b) => a.position - b.position).map(({ text: key }) => key);
    expect(own).toEqual(['at', '␣', '한', '␣t', 'o']);
    for (const key of own) expect(text.stdout).toMatch(new RegExp(`[←,] ${key} \\d+%`));
  });
  it('in a conversation reads the template’s text, without special tokens of its own', async () => {
    const ask = ['generate', '--model', model, '--tokens', '1', '--chat', '--json'];
    const [user, both, refused, without] = await Promise.all([
      siseon(...ask, '나는'),
      siseon(...ask, '나는', '--system', '사과를'),
      siseon(...ask, 'a', '--lang', 'en'),
      siseon('generate', '나는', '--chat', '--lang', 'en', '--model', join(families, 'llama')),
    ]);
    const position = (text: string): unknown => (JSON.parse(text) as { written: unknown[] }).written[0];
    // <s> user 나는; <s> system 사과를 user 나는.
    expect(position(user!.stdout)).toMatchObject({ position: 3 });
    expect(position(both!.stdout)).toMatchObject({ position: 5 });
    expect(refused).toMatchObject({ status: 1, stdout: '' });
    expect(refused!.stderr).toMatch(/the chat template of .*writer cannot be rendered: .*not a/);
    expect(without!.stderr).toContain('brings no chat template');
  });
  it.each([
    [['a', '--model', join(families, 'bert')], 2, /has no tokenizer|does not write/],
    [['--ids', '3', '--model', join(families, 'bert')], 2, /does not write: it sees both sides/],
    [['a'], 2, /does not write/],
    [['a', '--model', model, '--layer', '9'], 2, /there is no layer 9: expected 0 to 1/],
    [['a', '--model', model, '--head', '9'], 2, /there is no head 9: expected 0 to 5/],
    [['a', '--model', model, '--temperature', '1', '--top-k', '0'], 2, /topK 0/],
    [['a', '--model', model, '--temperature', '1', '--top-p', '1.5'], 2, /topP 1.5/],
    [['a', '--model', model, '--tokens', '-1'], 2, /whole number/],
    [['a', '--model', model, '--seed', 'x'], 2, /whole number/],
    [['a', '--model', model, '--temperature', 'hot'], 2, /number from 0/],
    [['a '.repeat(23), '--model', model], 2, /longer than the model can read: expected at most 23 tokens, got 24/],
    [['--model', model], 2, /needs a text or --ids/],
    [['--ids', '3', '--chat', '--model', model], 2, /--chat would do nothing here: expected a text/],
    [['a', '--system', 'b', '--model', model], 2, /--system would do nothing here: expected --chat/],
    [['--ids', '3', '--stop', 'b', '--model', join(families, 'llama')], 2, /--stop would do nothing here/],
    [['a', '--top-k', '2', '--model', model], 2, /--top-k would do nothing here: expected --temperature above 0/],
    [['a', '--seed', '3', '--model', model], 2, /--seed would do nothing here/],
    [['a', '--stop', '', '--model', model], 2, /argument '' is invalid. A text is expected/],
    [['a', '--decoder', 'b', '--model', model], 2, /has one stack, and so no decoder/],
    [['a', '--model', ''], 1, /"" is no model: .*got no name/],
    [['a', '--model', join(families, 'llama')], 2, /Take a model with a tokenizer/],
    [['a', '--model', 'nobody/nothing'], 1, /nobody\/nothing/],
    [['a', '--model', 'klue/bert-base@'], 2, /klue\/bert-base@ names no revision/],
  ] as const)('%j is refused, and nothing is printed before', async (args, status, reason) => {
    const found = await siseon('generate', ...args, '--lang', 'en');
    expect(found.stderr).toMatch(reason);
    expect(found).toMatchObject({ status, stdout: '' });
  });
  it('writes nothing where nothing is asked for, and up to the last position where all is', async () => {
    const [none, all] = await Promise.all(
      ['0', '99999'].map((tokens) =>
        siseon('generate', '--ids', '3,4', '--model', model, '--tokens', tokens, '--json'),
      ),
    );
    expect(JSON.parse(none!.stdout)).toMatchObject({ written: [] });
    const { written, ended } = JSON.parse(all!.stdout) as { written: unknown[]; ended: string };
    expect(written.at(-1)).toMatchObject({ position: 23, ended: 'positions' });
    expect(ended).toBe('positions');
    const printed = await siseon('generate', '--ids', '3,4', '--model', model, '--tokens', '99', '--lang', 'en');
    expect(printed.stdout).toContain('the 23 tokens that the model can read are full');
  });
  it('says on stderr which words of the text the model does not know', async () => {
    const [known, unknown] = await Promise.all(
      ['나는', '나는 zzz'].map((text) =>
        siseon('generate', text, '--model', model, '--tokens', '1', '--json', '--lang', 'en'),
      ),
    );
    expect(known!.stderr).toBe('');
    expect(unknown!.stderr).toMatch(/^notice: .*zzz/);
  });
  it('says on stderr that edits were saved with another text or another model, and of their own nothing', async () => {
    const [edits, saved] = [join(place, 'edits.json'), join(place, 'edited.json')];
    writeFileSync(edits, JSON.stringify([{ kind: 'temperature', layer: 1, value: 2 }]));
    const origin = ['trace', '--ids', '3,4', '--model', model, '--edits', edits, '--stages', 'logits', '--save', saved];
    expect(await siseon(...origin)).toMatchObject({ status: 0 });
    const said = await Promise.all(
      [
        ['--ids', '3,4', '--model', model],
        ['--ids', '3,5', '--model', model],
        ['--ids', '3,4', '--model', join(families, 'gpt2')],
      ].map((args) => siseon('generate', ...args, '--edits', saved, '--tokens', '1', '--lang', 'en')),
    );
    expect(said.map(({ status }) => status)).toEqual([0, 0, 0]);
    const [own, text, other] = said.map(({ stderr }) => stderr);
    expect(own).toBe('');
    expect(text).toMatch(/^notice: these edits were saved with another text \(3 4\)[^\n]*\n$/);
    expect(other).toMatch(/^notice: these edits were saved with another model \(.*writer\)[^\n]*\n$/);
  });
});

describe('siseon info', () => {
  it('says the licence of the card beside the model; refuses what is no model', async () => {
    const [ours, korean, none] = await Promise.all([
      siseon('info', model, '--lang', 'en'),
      siseon('info', model, '--json'),
      siseon('info', `${model}/nothing`, '--lang', 'en'),
    ]);
    expect(ours!.stdout).toMatch(/licence +mit/);
    expect(JSON.parse(korean!.stdout)).toMatchObject({ license: 'mit', parameterCount: expect.any(Number) });
    expect(none).toMatchObject({ status: 1, stdout: '' });
    expect(none!.stderr).toMatch(/is no model: .*got nothing of that name/);
    const file = await siseon('info', join(model, 'model.safetensors'), '--lang', 'ko');
    expect(file.stderr).toContain('.gguf로 끝나지 않는 파일이에요');
  });
});
