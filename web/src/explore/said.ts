/** What was done to a run, as the page says it: in the list of changes, and in files. */
import { type Change, inside, ofHead, type Tokens, tokensIn } from '../engine/change.ts';
import { ask } from '../engine/client.svelte.ts';
import type { Asked, Choice } from '../engine/reading.ts';
import type { Entry, View } from '../engine/squares.ts';
import { numeral } from '../numerals.ts';
import * as m from '../paraglide/messages.js';
import { ofHeads } from '../written.svelte.ts';
import { headChangeSaid, headName, stageTitles } from './names.ts';

type Paste = Extract<Change, { kind: 'paste' }>;

/** What changes are said with. Names that are still asked for are null. */
export interface Names {
  /** The words, or tokens, of the view. */
  readonly rows: readonly Entry[];
  /** Of tokens within a word, or of several. */
  readonly tokens: ReadonlyMap<number, string> | null;
  /** Of the pairs that are pasted, by `pasteName`. */
  readonly pasted: ReadonlyMap<string, readonly string[]> | null;
}

/** More pairs than these are counted. */
const most = 6;

const has = ({ tokens }: Entry, [first, last]: Tokens): boolean => tokens[0] === first && tokens.at(-1) === last;
const pasteName = ({ from, pairs }: Paste): string => JSON.stringify([from, pairs]);

/**
 * The rows that a change names, in the order of its tokens; null where not all of them are rows, as where it was done to tokens
 * and words are shown: then all are called by tokens.
 */
function rowsOf(change: Change, rows: readonly Entry[]): readonly Entry[] | null {
  const found = tokensIn(change).map((tokens, i) =>
    // A weight is set for the first token of the word that asks.
    rows.find((row) => (change.kind === 'weight' && i === 0 ? row.tokens[0] === change.query : has(row, tokens))),
  );
  return found.every((row) => row !== undefined) ? found : null;
}

/** Tokens that are called by their own texts. */
export const tokensWithin = (changes: readonly Change[], rows: readonly Entry[]): number[] => [
  ...new Set(
    changes
      .filter((change) => rowsOf(change, rows) === null)
      .flatMap(tokensIn)
      .flatMap(inside),
  ),
];
export const pastesOf = (changes: readonly Change[]): Paste[] => changes.filter((change) => change.kind === 'paste');

export async function tokenNames(text: string, tokens: readonly number[]): Promise<ReadonlyMap<number, string>> {
  return new Map((await ask((e) => e.reading.tokenTexts(text, tokens))).map((name, i) => [tokens[i]!, name]));
}

export async function pastedNames(
  text: string,
  pastes: readonly Paste[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const names = async (paste: Paste): Promise<readonly [string, readonly string[]]> => {
    const { from, pairs } = paste;
    const [to, other] = await Promise.all([
      ask((e) =>
        e.reading.tokenTexts(
          text,
          pairs.map(([at]) => at),
        ),
      ),
      ask((e) =>
        e.reading.tokenTexts(
          from,
          pairs.map(([, at]) => at),
        ),
      ),
    ]);
    return [pasteName(paste), to.map((name, i) => `${name}\u2060←\u2060${other[i]}`)];
  };
  return new Map(await Promise.all(pastes.map(names)));
}

/** One change in words. */
export function said(change: Change, { rows, tokens: named, pasted }: Names): string {
  const words = rowsOf(change, rows);
  const [first = '', second = ''] = tokensIn(change).map((tokens, i) => {
    if (words) return m.explore_word({ text: words[i]!.text });
    const [first, last] = tokens;
    const text = inside(tokens)
      .map((token) => named?.get(token) ?? '')
      .join(' ');
    return first === last ? m.explore_token_at({ text, token: first }) : m.explore_tokens_at({ text, first, last });
  });
  if (change.kind === 'drop') return m.explore_dropped({ key: first });
  if (ofHeads(change)) return headChangeSaid(change);
  const head = headName(change.layer, change.head);
  switch (change.kind) {
    case 'cut':
      return m.explore_cut_said({ head, query: first, key: second });
    case 'weight':
      return m.explore_weight_said({ head, query: first, key: second, to: numeral(change.to) });
    case 'paste': {
      const { stage, layer, from, pairs } = change;
      const place = stage === 'embeddings' ? m.paste_everywhere() : ofHead(stage) ? head : m.explore_layer({ layer });
      const all = pasted?.get(pasteName(change)) ?? pairs.map((pair) => pair.join('←'));
      const shown = [...all.slice(0, most), ...(all.length > most ? [m.books_rest({ count: all.length - most })] : [])];
      // The layer is named before it.
      const what = stage === 'output' ? m.stage_output_said() : stageTitles[stage]();
      return m.paste_said({ place, from, stage: what, pairs: shown.join(', ') });
    }
  }
}

/** All that was done to a run, in one line, by the words or tokens of a view; undefined where nothing was. */
export async function saidOf(asked: Asked, head: Choice, view: View): Promise<string | undefined> {
  const { text, changes } = asked;
  if (changes.length === 0) return undefined;
  const whole: View = { ...view, lens: 'weight', bare: false };
  const { rows } = await ask((e) => e.reading.square(asked, head, whole, { first: 0, last: 1 }));
  const [tokens, pasted] = await Promise.all([
    tokenNames(text, tokensWithin(changes, rows)),
    pastedNames(text, pastesOf(changes)),
  ]);
  const list = changes.map((change) => {
    const words = said(change, { rows, tokens, pasted });
    return change.name ? `${change.name}: ${words}` : words;
  });
  return m.explore_done({ changes: list.join('; ') });
}
