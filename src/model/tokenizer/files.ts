/** Tokenizers of checkpoints without a tokenizer.json: vocab.txt (BERT), vocab.json with merges.txt (GPT-2, RoBERTa). */
import { SiseonError } from '../../platform/index.ts';
import { badTokenizer } from './refusal.ts';

type Json = Readonly<Record<string, unknown>>;

const special = (content: string, id: number): Json => ({
  id,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
});

/** Tokens that tokenizer_config.json adds, and those of the list that the vocabulary has. */
function added(config: Json, vocabulary: ReadonlyMap<string, number>, names: readonly string[]): Json[] {
  const listed = Object.entries((config.added_tokens_decoder ?? {}) as Record<string, Json>).map(([id, token]) => ({
    ...special(String(token.content), Number(id)),
    ...token,
    id: Number(id),
  }));
  const known = new Set<unknown>(listed.map((token: Json) => token.content));
  const own = names.filter((name) => vocabulary.has(name) && !known.has(name));
  return [...listed, ...own.map((name) => special(name, vocabulary.get(name)!))];
}

/** A token's name in tokenizer_config.json: a string, or an object with `content`. */
function named(config: Json, field: string, fallback: string): string {
  const value = config[field];
  if (typeof value === 'string') return value;
  const content = (value as Json | null | undefined)?.content;
  return typeof content === 'string' ? content : fallback;
}

/**
 * The content of a tokenizer.json from BERT's vocab.txt, one piece a line; `config` is tokenizer_config.json, whose
 * `do_lower_case` (true unless said), `strip_accents` and `tokenize_chinese_chars` count. Throws `badTokenizer`.
 */
export function fromVocabularyText(text: string, config: Json = {}): Json {
  const lines = text.replace(/\n$/, '').split('\n');
  const vocabulary = new Map(lines.map((line, id) => [line.replace(/\r$/, ''), id]));
  if (vocabulary.size !== lines.length) throw badTokenizer('vocab.txt has a piece twice');
  const unknown = named(config, 'unk_token', '[UNK]');
  const cls = named(config, 'cls_token', '[CLS]');
  const sep = named(config, 'sep_token', '[SEP]');
  for (const name of [unknown, cls, sep]) if (!vocabulary.has(name)) throw badTokenizer(`vocab.txt lacks ${name}`);
  return {
    added_tokens: added(config, vocabulary, [
      named(config, 'pad_token', '[PAD]'),
      unknown,
      cls,
      sep,
      named(config, 'mask_token', '[MASK]'),
    ]),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: config.tokenize_chinese_chars !== false,
      strip_accents: config.strip_accents ?? null,
      lowercase: config.do_lower_case !== false,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: { type: 'BertProcessing', cls: [cls, vocabulary.get(cls)], sep: [sep, vocabulary.get(sep)] },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: unknown,
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(vocabulary),
    },
  };
}

/**
 * The content of a tokenizer.json from vocab.json and merges.txt, byte-level. `wraps` puts <s> and </s> around the text,
 * as RoBERTa does and GPT-2 does not. Throws `badTokenizer`.
 */
export function fromVocabularyAndMerges(
  vocabularyText: string,
  mergesText: string,
  config: Json = {},
  wraps = false,
): Json {
  let vocabulary: Map<string, number>;
  try {
    vocabulary = new Map(Object.entries(JSON.parse(vocabularyText) as Record<string, number>));
  } catch (cause) {
    throw badTokenizer('vocab.json is not JSON', cause);
  }
  const merges = mergesText.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#version'));
  const bad = merges.find((line) => line.split(' ').length !== 2);
  if (bad !== undefined) throw badTokenizer(`merges.txt has the line "${bad.slice(0, 40)}", which is no pair`);
  const [bos, eos] = [named(config, 'bos_token', '<s>'), named(config, 'eos_token', '</s>')];
  const names = ['<pad>', '<unk>', '<mask>', bos, eos, named(config, 'eos_token', '<|endoftext|>')];
  const prefix = config.add_prefix_space === true;
  if (wraps) for (const name of [bos, eos]) if (!vocabulary.has(name)) throw badTokenizer(`vocab.json lacks ${name}`);
  return {
    added_tokens: added(config, vocabulary, [...new Set(names)]),
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: prefix, use_regex: true },
    post_processor: wraps
      ? {
          type: 'RobertaProcessing',
          cls: [bos, vocabulary.get(bos)],
          sep: [eos, vocabulary.get(eos)],
          trim_offsets: true,
          add_prefix_space: prefix,
        }
      : { type: 'ByteLevel', trim_offsets: false },
    decoder: { type: 'ByteLevel' },
    model: { type: 'BPE', vocab: Object.fromEntries(vocabulary), merges, unk_token: null },
  };
}

/** A checkpoint that has only SentencePiece's own binary: no kept library reads it, so it is refused with the way out. */
export function sentencePieceOnly(file: string): SiseonError {
  return new SiseonError({
    code: 'sentencePieceTokenizer',
    kind: 'failure',
    what: `${file} is a SentencePiece model`,
    expected: 'tokenizer.json',
    got: 'no tokenizer.json beside it',
    next: 'Write one in Python: transformers.AutoTokenizer.from_pretrained(FOLDER, use_fast=True).save_pretrained(FOLDER); or give token ids.',
    details: { file },
  });
}
