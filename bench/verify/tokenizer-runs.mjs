/** Vocabularies learned from a few lines, in GGUF files, read by llama.cpp and here: which ids drawn texts get. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadModel } from '../../dist/model/index.js';
import { drawCheckpoint, uniform } from './checkpoints.mjs';
import { converted } from './conversion.mjs';
import { float, writeGguf } from './gguf.mjs';
import { layouts } from './layouts.mjs';
import { llamaName, llamaTokens } from './llama.mjs';

const lines = [
  '철수가 사과를 맛있게 먹었다. 영희는 2026년 7월 25일에 서울역에서 기차를 탔다고 했다.',
  "It's not what they'd said: we'll see if I'm right, you've 12345 apples and 3.14 pies!",
  'for (let i = 0; i < 10; i++) {\n    total += values[i];\n}\n\n',
  '나는   빈칸이 많은    글을 좋아한다...  그리고 끝에도  ',
  'Ünïcödé cafés, naïve façades; 你好，世界。 こんにちは 🚀🚀 👩‍👩‍👧 ½ ① ﷺ',
];
const fragments = [
  ...['철수가', ' 사과를', '먹었다', '서울역에서', ' 빈칸이', '한국어'.normalize('NFD'), '뷁', 'ㅋㅋㅋ', ' 값'],
  ...["it's", "They'D", "WE'LL", ' apples', 'Hello', 'x', ' The', 'naïve', 'é'.normalize('NFD')],
  ...['1', '12', '1234567', ' 3.14', '½', '²', '٣'],
  ...[' ', '  ', '    ', '\n', '\n\n', ' \n ', '\t', '\r\n', '\u00a0', '\u3000'],
  ...['.', '...', '!?', ' (', ')', '{}', ';', '->', '_', '"', '。', '、', '·', '…'],
  ...['你好', 'こんにちは', '🚀', '👩‍👩‍👧', '🇰🇷', '\u200d', '\ufeff', 'ﷺ', '\u0301', '𐍈', '\u0007'],
];

/** Texts of one to twelve fragments. */
function drawTexts(seed, count) {
  const next = uniform(seed);
  const pick = () => fragments[Math.floor(next() * fragments.length)];
  return Array.from({ length: count }, () => {
    const text = Array.from({ length: 1 + Math.floor(next() * 12) }, pick).join('');
    return /\S/.test(text) ? text : `${text}x`;
  });
}

/** The letters that stand for bytes (Radford et al. 2019): printable ones for themselves, the others from 256 on. */
const letters = (() => {
  const printable = (byte) => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : next++));
})();

/** The most frequent pair joined, `count` times (Sennrich et al. 2016), without any cut: merges reach over every edge. */
function learnMerges(sequences, count) {
  const merges = [];
  for (let n = 0; n < count; n++) {
    const pairs = new Map();
    for (const sequence of sequences)
      for (let i = 1; i < sequence.length; i++) {
        const pair = `${sequence[i - 1]} ${sequence[i]}`;
        pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
      }
    const [best] = [...pairs].reduce((a, b) => (b[1] > a[1] ? b : a));
    const [left, right] = best.split(' ');
    merges.push([left, right]);
    for (const sequence of sequences)
      for (let i = 1; i < sequence.length; i++)
        if (sequence[i - 1] === left && sequence[i] === right) sequence.splice(i - 1, 2, left + right);
  }
  return merges;
}

function byteLevel(pre) {
  const merges = learnMerges(
    lines.map((line) => Array.from(Buffer.from(line), (byte) => letters[byte])),
    200,
  );
  const tokens = [...new Set(['<|end|>', ...letters, ...merges.map(([left, right]) => left + right)])];
  return {
    'tokenizer.ggml.model': 'gpt2',
    'tokenizer.ggml.pre': pre,
    'tokenizer.ggml.tokens': tokens,
    'tokenizer.ggml.token_type': tokens.map((token) => (token === '<|end|>' ? 3 : 1)),
    'tokenizer.ggml.merges': merges.map((pair) => pair.join(' ')),
    'tokenizer.ggml.bos_token_id': 0,
    'tokenizer.ggml.eos_token_id': 0,
    'tokenizer.ggml.add_bos_token': false,
  };
}

function sentencePiece() {
  const sequences = lines.map((line) => [...`▁${line.replaceAll(' ', '▁')}`]);
  const single = [...new Set(sequences.flat())];
  const merges = learnMerges(sequences, 120);
  const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
  const pieces = [...new Set([...merges.map(([left, right]) => left + right), ...single])];
  const tokens = ['<unk>', '<s>', '</s>', ...bytes, ...pieces];
  const kind = (id) => (id === 0 ? 2 : id < 3 ? 3 : id < 259 ? 6 : 1);
  return {
    'tokenizer.ggml.model': 'llama',
    'tokenizer.ggml.tokens': tokens,
    'tokenizer.ggml.scores': tokens.map((_, id) => float(id < 259 ? 0 : 258 - id)),
    'tokenizer.ggml.token_type': tokens.map((_, id) => kind(id)),
    'tokenizer.ggml.bos_token_id': 1,
    'tokenizer.ggml.eos_token_id': 2,
    'tokenizer.ggml.unknown_token_id': 0,
    'tokenizer.ggml.add_bos_token': false,
  };
}

const cases = {
  'SentencePiece BPE': sentencePiece,
  ...Object.fromEntries(
    ['gpt-2', 'exaone', 'exaone4', 'smollm', 'llama-bpe', 'qwen2', 'bloom'].map((pre) => [
      `byte-level, ${pre}`,
      () => byteLevel(pre),
    ]),
  ),
};

/** Small, so that the vocabulary is all there is to it. */
const small = { hidden_size: 32, head_dim: 16, num_attention_heads: 2, intermediate_size: 32, num_hidden_layers: 1 };

export async function tokenizers(folder, print) {
  const rows = [];
  const file = join(folder, 'tokenizer.gguf');
  for (const [name, make] of Object.entries(cases)) {
    const vocabulary = make();
    const config = { ...layouts.llama.config, ...small, vocab_size: vocabulary['tokenizer.ggml.tokens'].length };
    const own = Object.entries({ vocab_size: config.vocab_size, ...layouts.llama.metadata(config) });
    const tensors = converted({ ...layouts.llama, config }, drawCheckpoint(name, config));
    const metadata = Object.fromEntries(own.map(([key, value]) => [`llama.${key}`, value]));
    writeFileSync(
      file,
      writeGguf(
        { 'general.architecture': 'llama', ...metadata, ...vocabulary },
        tensors.map(([tensor, { shape, data }]) => [tensor, { shape, type: 0, bytes: data }]),
      ),
    );
    // Qwen's tokenizer.json composes letters first, which llama.cpp leaves out: both get composed texts.
    const drawn = drawTexts(name, 400);
    const texts = name.endsWith('qwen2') ? drawn.map((text) => text.normalize('NFC')) : drawn;
    const { tokenizer } = await loadModel(file);
    const theirs = await llamaTokens(file, texts);
    const ours = texts.map((text) => [...tokenizer.encode(text).ids]);
    const wrong = texts.filter((_, i) => ours[i].join() !== theirs[i].join());
    const row = { name, texts: texts.length, tokens: ours.flat().length, error: wrong.length / texts.length, bound: 0 };
    rows.push(row);
    print({ ...row, note: wrong.length ? JSON.stringify(wrong.slice(0, 3)) : `${row.tokens} tokens` });
  }
  return { engine: llamaName, rows };
}
