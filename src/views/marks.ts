/** A look as geometry: where words, arcs and numbers stand. Pure numbers; SVG and page draw the same marks. */
import type { Look } from '../lens/index.ts';
import { type ArcMark, arcMark } from './arc.ts';
import { isAsking } from './caption.ts';

export interface WordMark {
  readonly text: string;
  readonly word: number | null;
  readonly x: number;
  readonly width: number;
  readonly asked: boolean;
  readonly score: number | null;
  readonly weight: number;
  readonly contribution: number;
}

export interface LookMarks {
  readonly width: number;
  readonly words: readonly WordMark[];
  readonly arcs: readonly ArcMark[];
}

/** Width of a text of 24 units: Hangul a whole unit a letter, others about half. */
const textWidth = (text: string): number =>
  [...text].reduce(
    (sum, letter) =>
      sum + (/[\u1100-\u11ff\u2e80-\ud7ff\uf900-\ufaff\uff00-\uff60\u{1f300}-\u{1faff}]/u.test(letter) ? 24 : 13.5),
    0,
  );

/** Words and special tokens in a row, an arc from the query to every other with weight; lengths in SVG units. */
export function lookMarks(look: Look): LookMarks {
  const gap = 28;
  let x = 40;
  const words = look.keys.map((key): WordMark => {
    const width = Math.max(56, textWidth(key.text));
    const mark = {
      text: key.text,
      word: key.word,
      x: x + width / 2,
      width,
      asked: isAsking(look, key),
      score: key.score,
      weight: key.weight,
      contribution: key.contribution,
    };
    x += width + gap;
    return mark;
  });
  const asked = words.find((word) => word.asked);
  const arcs = asked
    ? words.filter((word) => word !== asked && word.weight > 0).map((word) => arcMark(asked.x, word.x, word.weight))
    : [];
  return { width: x - gap + 40, words, arcs };
}

export interface ColumnMarks {
  /** How far the widest arc reaches to the side. */
  readonly width: number;
  readonly height: number;
  /** Where each key of the look stands, in its order: the middle of its row. */
  readonly middles: readonly number[];
  readonly arcs: readonly ArcMark[];
}

/** The same picture from top to bottom, for narrow screens and long texts: a row each, the arcs beside them. */
export function columnMarks(look: Look, rowHeight: number): ColumnMarks {
  const middles = look.keys.map((_, index) => (index + 0.5) * rowHeight);
  const asked = look.keys.findIndex((key) => isAsking(look, key));
  const arcs = look.keys.flatMap(({ weight }, index): ArcMark[] => {
    if (asked < 0 || index === asked || weight <= 0) return [];
    return [arcMark(middles[asked]!, middles[index]!, weight, { down: true })];
  });
  return { width: Math.max(0, ...arcs.map(({ height }) => height)), height: rowHeight * middles.length, middles, arcs };
}
