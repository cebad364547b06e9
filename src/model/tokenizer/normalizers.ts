/**
 * The normalizers of a tokenizer.json (huggingface/tokenizers, `normalizers`), each rewriting a text that keeps its
 * alignment. The library's own say only what comes out, not from where.
 */
import { type AlignedText, AlignedWriter, mapCharacters, prepend, replaceMatches } from './aligned.ts';
import { SplitPreTokenizer } from './library.ts';
import { precompiled } from './precompiled.ts';
import { badTokenizer, unknownPart } from './refusal.ts';

export type Rewrite = (source: AlignedText) => AlignedText;
export type PartConfig = Readonly<Record<string, unknown>> | null | undefined;
type Form = 'NFC' | 'NFD' | 'NFKC' | 'NFKD';

const known = [
  'BertNormalizer',
  'Lowercase',
  'NFC',
  'NFD',
  'NFKC',
  'NFKD',
  'Nmt',
  'Precompiled',
  'Prepend',
  'Replace',
  'Sequence',
  'Strip',
  'StripAccents',
];

/** The normalizer that a part of tokenizer.json describes; none leaves the text alone. Throws `unknownTokenizer`, `badTokenizer`. */
export function normalizer(config: PartConfig): Rewrite {
  if (!config) return (source) => source;
  switch (config.type) {
    case 'BertNormalizer':
      return bert(config);
    case 'Lowercase':
      return lowercase;
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD': {
      const form: Form = config.type;
      return (source) => unicode(source, form);
    }
    case 'Nmt':
      return (source) => mapCharacters(source, nmt);
    case 'Precompiled':
      return precompiled(config.precompiled_charsmap);
    case 'Prepend':
      return (source) => prepend(source, String(config.prepend ?? ''));
    case 'Replace': {
      const pattern = compile(config.pattern);
      return (source) => replaceMatches(source, pattern, String(config.content ?? ''));
    }
    case 'Sequence': {
      const list = ((config.normalizers ?? []) as PartConfig[]).map(normalizer);
      return (source) => list.reduce((text, rewrite) => rewrite(text), source);
    }
    case 'Strip':
      return (source) => strip(source, config.strip_left !== false, config.strip_right !== false);
    case 'StripAccents':
      return (source) => mapCharacters(source, (character) => (/\p{M}/u.test(character) ? '' : character));
    default:
      throw unknownPart('normalizer.type', config.type, known);
  }
}

/** A pattern of tokenizer.json as a JavaScript expression; the library rewrites Oniguruma's notation. */
export function compile(pattern: unknown): RegExp {
  try {
    const split = new SplitPreTokenizer({
      type: 'Split',
      pattern,
      behavior: 'Isolated',
      invert: true,
    });
    if (split.pattern) return split.pattern;
  } catch (cause) {
    throw badTokenizer(`the pattern ${JSON.stringify(pattern)} is not understood`, cause);
  }
  throw badTokenizer(`the pattern ${JSON.stringify(pattern)} is not understood`);
}

// One character at a time, as the original does: JavaScript would write a word's last Σ as ς.
const lowercase: Rewrite = (source) => mapCharacters(source, (character) => character.toLowerCase());

function bert(config: NonNullable<PartConfig>): Rewrite {
  const lower = config.lowercase !== false;
  const stripAccents = (config.strip_accents ?? lower) === true;
  const steps: Rewrite[] = [];
  if (config.clean_text !== false) steps.push((source) => mapCharacters(source, clean));
  if (config.handle_chinese_chars !== false)
    steps.push((source) => mapCharacters(source, (c) => (isChinese(c.codePointAt(0)!) ? ` ${c} ` : c)));
  if (stripAccents) steps.push((source) => mapCharacters(unicode(source, 'NFD'), (c) => (/\p{Mn}/u.test(c) ? '' : c)));
  if (lower) steps.push(lowercase);
  return (source) => steps.reduce((text, rewrite) => rewrite(text), source);
}

function clean(character: string): string {
  if (/^[\t\n\r]$/.test(character)) return ' ';
  if (character === '\ufffd' || /[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/u.test(character)) return '';
  return /\p{White_Space}/u.test(character) ? ' ' : character;
}

/** The CJK ideographs of BERT's multilingual README; neither Hangul nor kana. */
function isChinese(code: number): boolean {
  return (
    (code >= 0x4e00 && code <= 0x9fff) ||
    (code >= 0x3400 && code <= 0x4dbf) ||
    (code >= 0x20000 && code <= 0x2a6df) ||
    (code >= 0x2a700 && code <= 0x2b73f) ||
    (code >= 0x2b740 && code <= 0x2b81f) ||
    (code >= 0x2b920 && code <= 0x2ceaf) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0x2f800 && code <= 0x2fa1f)
  );
}

/** SentencePiece's nmt rules: control characters go, other spaces become a space. */
function nmt(character: string): string {
  if (/[\t\n\f\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]/.test(character)) return ' ';
  return /\p{Cc}/u.test(character) && !/[\0\u0080-\u008e\u0090-\u009e]/.test(character) ? '' : character;
}

function strip(source: AlignedText, left: boolean, right: boolean): AlignedText {
  const from = left ? source.text.search(/\P{White_Space}|$/u) : 0;
  const to = right ? source.text.replace(/\p{White_Space}+$/u, '').length : source.length;
  const writer = new AlignedWriter();
  writer.copy(source, from, Math.max(from, to));
  return writer.finish(source.start);
}

/**
 * A Unicode form. Characters that the form looks at together (a base with its marks, the letters of a syllable) share
 * one span where it changes them, and each keeps its own where it does not.
 */
function unicode(source: AlignedText, form: Form): AlignedText {
  const whole = source.text.normalize(form);
  if (whole === source.text) return source;
  const writer = new AlignedWriter();
  for (const [from, to] of clusters(source.text, form)) {
    const part = source.text.slice(from, to);
    const together = part.normalize(form);
    const separate = [...part].map((character) => [character, character.normalize(form)] as const);
    if (separate.map(([, normal]) => normal).join('') === together) {
      let at = from;
      for (const [character, normal] of separate) {
        const { start, end } = source.span(at, at + character.length);
        writer.add(normal, start, end);
        at += character.length;
      }
    } else {
      const { start, end } = source.span(from, to);
      writer.add(together, start, end);
    }
  }
  const aligned = writer.finish(source.start);
  if (aligned.text !== whole) throw badTokenizer(`${form} of the text cannot be traced back to it`);
  return aligned;
}

/** Parts of a text that a form treats each for itself. */
function* clusters(text: string, form: Form): Generator<readonly [number, number]> {
  let from = 0;
  let at = 0;
  let last = '';
  for (const character of text) {
    // A mark always belongs to what is before it, and so does what the form makes a mark of (U+FF9E, the half-width
    // voicing mark, is a letter until then); other characters only where the form joins the two.
    const joins = at > from && (/^\p{M}/u.test(character.normalize(form)) || joined(last, character, form));
    if (!joins && at > from) {
      yield [from, at];
      from = at;
      last = '';
    }
    last += character;
    at += character.length;
  }
  if (at > from) yield [from, at];
}

function joined(before: string, character: string, form: Form): boolean {
  if (character < '\u0300') return false;
  return before.normalize(form) + character.normalize(form) !== (before + character).normalize(form);
}
