/** The tokenizer in a GGUF file's metadata, as a tokenizer.json would say it. */
import { SiseonError } from '../../platform/index.ts';
import { chatTemplateOf } from '../tokenizer/chat.ts';
import { Tokenizer } from '../tokenizer.ts';
import type { GgufMetadata } from './ggufMetadata.ts';

/** Kinds of tokens (llama.h, `llama_token_type`). */
const CONTROL = 3;
const USER_DEFINED = 4;

/** How texts are cut before merging. */
interface Cut {
  /** Matches are pieces; absent: GPT-2's own pattern. */
  readonly pattern?: string;
  /** Digits are cut off one by one first. */
  readonly digits?: boolean;
  /** A piece that is a token stays whole, whatever the merges say. */
  readonly whole?: boolean;
  /** A text begins with a token of its own unless the file says otherwise. */
  readonly begins?: boolean;
  readonly normalizer?: 'NFC';
}

const contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const signs = ' ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';
const letters = '[^\\r\\n\\p{L}\\p{N}]?\\p{L}+';
const llama3 = `${contractions}|${letters}|\\p{N}{1,3}|${signs}`;
const qwen2 = `${contractions}|${letters}|\\p{N}|${signs}`;
const named = (names: string, cut: Cut): Record<string, Cut> =>
  Object.fromEntries(names.split(' ').map((name) => [name, cut]));

/** By `tokenizer.ggml.pre`, as llama.cpp cuts; NFC where the tokenizer.json has it. */
const cuts: Readonly<Record<string, Cut>> = {
  ...named('gpt-2 phi-2 mpt olmo jais trillion gigachat a.x-4.0 exaone4', {}),
  ...named('exaone smollm starcoder refact command-r codeshell minerva-7b', { digits: true }),
  ...named('llama-bpe llama3 llama-v3 falcon3 pixtral midm-2.0', { pattern: llama3, whole: true, begins: true }),
  ...named('dbrx smaug-bpe', { pattern: llama3 }),
  ...named('qwen2', { pattern: qwen2, normalizer: 'NFC' }),
  ...named('deepseek-r1-qwen megrez hunyuan stablelm2', { pattern: qwen2 }),
  ...named('bloom gpt3-finnish', { pattern: ' ?[^(\\s|.,!?…。，、।۔،)]+' }),
};

/** Whether the file holds a vocabulary. */
export const holdsVocabulary = (metadata: GgufMetadata): boolean =>
  ![undefined, 'no_vocab'].includes(metadata['tokenizer.ggml.model'] as string | undefined);

/** Null where the file has none. Throws `unknownTokenizer` for kinds that are not read, and `badTokenizer`. */
export function ggufTokenizer(metadata: GgufMetadata): Tokenizer | null {
  const kind = metadata['tokenizer.ggml.model'];
  if (!holdsVocabulary(metadata)) return null;
  const tokens = strings(metadata, 'tokenizer.ggml.tokens');
  const types = (metadata['tokenizer.ggml.token_type'] ?? []) as readonly number[];
  const token = (role: Role): string | undefined => tokens[tokenId(metadata, role, tokens.length) ?? -1];
  const template = chatTemplateOf({
    chat_template: metadata['tokenizer.chat_template'],
    bos_token: token('bos'),
    eos_token: token('eos'),
  });
  const options = { chatTemplate: async () => template };
  const added = tokens.flatMap((content, id) =>
    types[id] === CONTROL || types[id] === USER_DEFINED
      ? [
          {
            id,
            content,
            special: types[id] === CONTROL,
            normalized: false,
            single_word: false,
            lstrip: false,
            rstrip: false,
          },
        ]
      : [],
  );
  const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]));
  if (kind === 'gpt2')
    return Tokenizer.fromJson(
      { ...byteLevel(metadata, tokens), added_tokens: added, model: bpe(metadata, vocab) },
      options,
    );
  if (kind === 'llama')
    return Tokenizer.fromJson({ ...sentencePiece(metadata, tokens, vocab), added_tokens: added }, options);
  throw refusal('tokenizer.ggml.model', kind, 'one of gpt2, llama');
}

type Role = 'bos' | 'eos' | 'unknown';

/** The id that plays a part; undefined where the file names none. Throws `unknownTokenizer` where it is no token's. */
function tokenId(metadata: GgufMetadata, role: Role, count: number): number | undefined {
  const field = `tokenizer.ggml.${role}_token_id`;
  const id = metadata[field];
  if (id === undefined) return undefined;
  if (typeof id === 'number' && Number.isInteger(id) && id >= 0 && id < count) return id;
  throw refusal(field, String(id), `the id of one of its ${count} tokens`);
}

function refusal(field: string, got: unknown, expected: string): SiseonError {
  return new SiseonError({
    code: 'unknownTokenizer',
    kind: 'failure',
    what: `the GGUF file's ${field}`,
    expected,
    got: JSON.stringify(got) ?? 'nothing',
    next: "Give token ids (loadModel with tokenizer: 'none'), or take the checkpoint in Hugging Face layout with its tokenizer.json.",
  });
}

function strings(metadata: GgufMetadata, field: string): readonly string[] {
  const list = metadata[field];
  if (Array.isArray(list) && list.every((item) => typeof item === 'string')) return list;
  throw refusal(field, list === undefined ? undefined : 'something else', 'a list of texts');
}

/** What stands around a text: the tokens of `add_bos_token` and `add_eos_token`. */
function around(metadata: GgufMetadata, tokens: readonly string[], bosByDefault: boolean): object {
  const special = (role: 'bos' | 'eos', fallback: boolean): object[] => {
    const id = tokenId(metadata, role, tokens.length);
    const wanted = metadata[`tokenizer.ggml.add_${role}_token`] ?? fallback;
    return wanted === true && id !== undefined ? [{ SpecialToken: { id: tokens[id]!, type_id: 0 } }] : [];
  };
  const single = [...special('bos', bosByDefault), { Sequence: { id: 'A', type_id: 0 } }, ...special('eos', false)];
  return { type: 'TemplateProcessing', single, pair: single };
}

/** Throws `unknownTokenizer`. `default` says nothing: of GPT-2 and GPT-NeoX alone is it known how they cut. */
function cutOf(metadata: GgufMetadata): Cut {
  const said = metadata['tokenizer.ggml.pre'] ?? 'default';
  const plain = ['gpt2', 'gptneox'].includes(String(metadata['general.architecture']));
  const name = said === 'default' && plain ? 'gpt-2' : String(said);
  if (!Object.hasOwn(cuts, name)) throw refusal('tokenizer.ggml.pre', said, `one of ${Object.keys(cuts).join(', ')}`);
  return cuts[name]!;
}

function byteLevel(metadata: GgufMetadata, tokens: readonly string[]): object {
  const { pattern, digits, begins = false, normalizer } = cutOf(metadata);
  const split = pattern ?? (digits ? '\\p{N}' : null);
  const bytes = { type: 'ByteLevel', add_prefix_space: false, use_regex: pattern === undefined };
  return {
    normalizer: normalizer ? { type: normalizer } : null,
    pre_tokenizer: split
      ? {
          type: 'Sequence',
          pretokenizers: [{ type: 'Split', pattern: { Regex: split }, behavior: 'Isolated', invert: false }, bytes],
        }
      : bytes,
    post_processor: around(metadata, tokens, begins),
    decoder: { type: 'ByteLevel' },
  };
}

const bpe = (metadata: GgufMetadata, vocab: object): object => ({
  type: 'BPE',
  vocab,
  merges: strings(metadata, 'tokenizer.ggml.merges'),
  unk_token: null,
  ignore_merges: cutOf(metadata).whole ?? false,
});

/**
 * SentencePiece's BPE: a merge for every way of making a piece out of two others, the likelier piece first. That is how
 * its pieces are merged, and how transformers writes it into a tokenizer.json.
 */
function sentencePiece(
  metadata: GgufMetadata,
  tokens: readonly string[],
  vocab: Readonly<Record<string, number>>,
): object {
  const scores = metadata['tokenizer.ggml.scores'];
  if (!Array.isArray(scores) || scores.length !== tokens.length)
    throw refusal('tokenizer.ggml.scores', 'nothing', 'a number for each token');
  const known = new Map(Object.entries(vocab));
  const merges = tokens.flatMap((piece, id) => {
    const characters = [...piece];
    return characters.slice(1).flatMap((_, i) => {
      const [left, right] = [characters.slice(0, i + 1).join(''), characters.slice(i + 1).join('')];
      return known.has(left) && known.has(right) ? [{ pair: [left, right], score: Number(scores[id]), left: i }] : [];
    });
  });
  merges.sort((a, b) => b.score - a.score || b.left - a.left);
  const unknown = tokens[tokenId(metadata, 'unknown', tokens.length) ?? 0];
  const replace = { type: 'Replace', pattern: { String: ' ' }, content: '▁' };
  return {
    normalizer:
      metadata['tokenizer.ggml.add_space_prefix'] === false
        ? replace
        : { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: '▁' }, replace] },
    pre_tokenizer: null,
    post_processor: around(metadata, tokens, true),
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
      ],
    },
    model: {
      type: 'BPE',
      vocab,
      merges: merges.map(({ pair }) => pair),
      unk_token: unknown,
      byte_fallback: true,
      fuse_unk: true,
    },
  };
}
