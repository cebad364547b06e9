/** The pre-tokenizers of a tokenizer.json (huggingface/tokenizers, `pre_tokenizers`): where a text may be cut. */
import { type AlignedText, AlignedWriter, prepend, replaceMatches } from './aligned.ts';
import { compile, type PartConfig } from './normalizers.ts';
import { unknownPart } from './refusal.ts';

export type Cut = (source: AlignedText) => AlignedText[];

/** What becomes of the parts that a pattern matches. */
const behaviors = ['Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous'] as const;
type Behavior = (typeof behaviors)[number];

const known = [
  'BertPreTokenizer',
  'ByteLevel',
  'CharDelimiterSplit',
  'Digits',
  'FixedLength',
  'Metaspace',
  'Punctuation',
  'Sequence',
  'Split',
  'Whitespace',
  'WhitespaceSplit',
];

const space = /\p{White_Space}/gu;
const punctuation = /[\p{P}!-/:-@[-`{-~]/gu;
const word = '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}';
const wordsAndSigns = new RegExp(`[${word}]+|[^${word}\\p{White_Space}]+`, 'gu');
/** GPT-2's pattern (Radford et al. 2019, encoder.py). */
const gpt2 =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

/** The pre-tokenizer that a part of tokenizer.json describes; none keeps the text in one. Throws `unknownTokenizer`, `badTokenizer`. */
export function preTokenizer(config: PartConfig): Cut {
  if (!config) return (source) => [source];
  switch (config.type) {
    case 'BertPreTokenizer':
      return (source) => split(source, space, 'Removed').flatMap((part) => split(part, punctuation, 'Isolated'));
    case 'ByteLevel':
      return (source) => byteLevel(source, config.add_prefix_space !== false, config.use_regex !== false);
    case 'CharDelimiterSplit': {
      const delimiter = compile({ String: config.delimiter });
      return (source) => split(source, delimiter, 'Removed');
    }
    case 'Digits':
      return (source) => split(source, /\p{N}/gu, config.individual_digits === true ? 'Isolated' : 'Contiguous');
    case 'FixedLength': {
      const pattern = new RegExp(`[^]{1,${Number(config.length ?? 5)}}`, 'gu');
      return (source) => split(source, pattern, 'Isolated');
    }
    case 'Metaspace':
      return metaspace(config);
    case 'Punctuation': {
      const behavior = readBehavior(config.behavior ?? 'Isolated');
      return (source) => split(source, punctuation, behavior);
    }
    case 'Sequence': {
      const cuts = ((config.pretokenizers ?? []) as PartConfig[]).map(preTokenizer);
      return (source) => cuts.reduce((parts, cut) => parts.flatMap(cut), [source]);
    }
    case 'Split': {
      const pattern = compile(config.pattern);
      const behavior = readBehavior(config.behavior);
      return (source) => split(source, pattern, behavior, config.invert === true);
    }
    case 'Whitespace':
      return (source) => split(source, wordsAndSigns, 'Removed', true);
    case 'WhitespaceSplit':
      return (source) => split(source, space, 'Removed');
    default:
      throw unknownPart('pre_tokenizer.type', config.type, known);
  }
}

function readBehavior(value: unknown): Behavior {
  const found = behaviors.find((behavior) => behavior.toLowerCase() === String(value).toLowerCase());
  if (!found) throw unknownPart('pre_tokenizer.behavior', value, behaviors);
  return found;
}

/** Cuts at the matches of a pattern (at what lies between them, inverted); empty parts are left out. */
export function split(source: AlignedText, pattern: RegExp, behavior: Behavior, inverted = false): AlignedText[] {
  const parts: { from: number; to: number; match: boolean }[] = [];
  let at = 0;
  for (const { 0: found, index } of source.text.matchAll(pattern)) {
    if (found === '') continue;
    if (index > at) parts.push({ from: at, to: index, match: inverted });
    at = index + found.length;
    parts.push({ from: index, to: at, match: !inverted });
  }
  if (at < source.length) parts.push({ from: at, to: source.length, match: inverted });
  return merged(parts, behavior).map(({ from, to }) => source.slice(from, to));
}

interface Part {
  from: number;
  to: number;
  match: boolean;
}

function merged(parts: Part[], behavior: Behavior): Part[] {
  if (behavior === 'Isolated') return parts;
  if (behavior === 'Removed') return parts.filter(({ match }) => !match);
  const list: Part[] = [];
  const ordered = behavior === 'MergedWithNext' ? parts.toReversed() : parts;
  let previous: boolean | null = null;
  for (const part of ordered) {
    const last = list.at(-1);
    const joins = behavior === 'Contiguous' ? part.match === previous : part.match && previous === false;
    if (last && joins) {
      last.from = Math.min(last.from, part.from);
      last.to = Math.max(last.to, part.to);
    } else list.push({ ...part });
    previous = part.match;
  }
  return behavior === 'MergedWithNext' ? list.reverse() : list;
}

function metaspace(config: NonNullable<PartConfig>): Cut {
  const mark = String(config.replacement ?? '▁');
  const scheme = config.prepend_scheme ?? (config.add_prefix_space === false ? 'never' : 'always');
  if (!['always', 'first', 'never'].includes(String(scheme)))
    throw unknownPart('pre_tokenizer.prepend_scheme', scheme, ['always', 'first', 'never']);
  const marks = compile({ String: mark });
  return (source) => {
    let text = replaceMatches(source, / /g, mark);
    if (!text.text.startsWith(mark) && (scheme === 'always' || (scheme === 'first' && source.start === 0)))
      text = prepend(text, mark);
    return config.split === false ? [text] : split(text, marks, 'MergedWithNext');
  };
}

/** GPT-2's letters for the 256 bytes: printable ones stand for themselves, the rest follow from U+0100. */
export const byteLetters: readonly string[] = (() => {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    return String.fromCharCode(printable ? byte : next++);
  });
})();

function byteLevel(source: AlignedText, prefix: boolean, useRegex: boolean): AlignedText[] {
  const text = prefix && !source.text.startsWith(' ') ? prepend(source, ' ') : source;
  const encoder = new TextEncoder();
  return (useRegex ? split(text, gpt2, 'Isolated') : [text]).map((part) => {
    const writer = new AlignedWriter();
    let at = 0;
    for (const character of part.text) {
      const { start, end } = part.span(at, at + character.length);
      for (const byte of encoder.encode(character)) writer.add(byteLetters[byte]!, start, end);
      at += character.length;
    }
    return writer.finish(part.start);
  });
}
