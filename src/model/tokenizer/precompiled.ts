/**
 * SentencePiece's own normalisation table (`precompiled_charsmap`; sentencepiece, `normalizer.cc`): four bytes that say
 * how long the trie is, a double-array trie (darts-clone) over UTF-8, then the replacements, each ended by a zero.
 */
import { type AlignedText, AlignedWriter } from './aligned.ts';
import { badTokenizer } from './refusal.ts';

/** Reads a table (base64); the result rewrites grapheme by grapheme, or character by character where that has no entry. */
export function precompiled(charsmap: unknown): (source: AlignedText) => AlignedText {
  const lookup = readTable(charsmap);
  const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' });
  return (source) => {
    const writer = new AlignedWriter();
    const put = (at: number, part: string, replacement: string | null): void => {
      const { start, end } = source.span(at, at + part.length);
      if (replacement === null) writer.copy(source, at, at + part.length);
      else writer.add(replacement, start, end);
    };
    for (const { segment, index } of graphemes.segment(source.text)) {
      // Only graphemes below 6 bytes are looked up whole, as the original does.
      const whole = new TextEncoder().encode(segment).length < 6 ? lookup(segment) : null;
      if (whole !== null) put(index, segment, whole);
      else {
        let at = index;
        for (const character of segment) {
          put(at, character, lookup(character));
          at += character.length;
        }
      }
    }
    return writer.finish(source.start);
  };
}

/** What a text that begins with an entry becomes (the shortest such entry, as the original has it); null without one. */
function readTable(charsmap: unknown): (text: string) => string | null {
  const refuse = (): never => {
    throw badTokenizer('its precompiled_charsmap is no normalisation table');
  };
  if (typeof charsmap !== 'string') return refuse();
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.from(atob(charsmap), (letter) => letter.charCodeAt(0));
  } catch {
    return refuse();
  }
  const view = new DataView(bytes.buffer);
  const trieLength = bytes.length >= 4 ? view.getUint32(0, true) : -1;
  if (trieLength < 4 || trieLength % 4 !== 0 || 4 + trieLength > bytes.length) refuse();
  const units = trieLength / 4;
  const unit = (at: number): number => (at < units ? view.getUint32(4 + 4 * at, true) : refuse());
  const offset = (of: number): number => (of >>> 10) << ((of & 512) >>> 6);
  const replacements = bytes.subarray(4 + trieLength);
  const known = new Map<string, string | null>();
  const find = (text: string): string | null => {
    let node = offset(unit(0));
    for (const byte of new TextEncoder().encode(text)) {
      if (byte === 0) break;
      node ^= byte;
      const current = unit(node);
      if ((current & 0x800000ff) >>> 0 !== byte) return null;
      node ^= offset(current);
      if ((current >>> 8) & 1) {
        const start = unit(node) & 0x7fffffff;
        const end = replacements.indexOf(0, start);
        return new TextDecoder().decode(replacements.subarray(start, end < 0 ? replacements.length : end));
      }
    }
    return null;
  };
  return (text) => {
    if (!known.has(text)) known.set(text, find(text));
    return known.get(text)!;
  };
}
