/** What each head's verb looks at, over sentences whose roles are known: how heads are chosen and measured. */
import type { Model } from 'siseon/model';
import { attentionStages, recordTrace } from 'siseon/trace';
import type { Role, Sentence } from './grammar/sentence.ts';

export interface HeadFigures {
  readonly layer: number;
  readonly head: number;
  /** Part of the sentences in which the other word with the largest weight is the object, the subject, the manner. */
  readonly first: Readonly<Record<'object' | 'subject' | 'manner', number>>;
  /** Of the sentences with subject, object and manner: object > subject > manner in weight. */
  readonly inOrder: number;
  /** Mean weight on object, on subject and manner, on the verb itself, on the separators. */
  readonly weight: Readonly<Record<'object' | 'subject' | 'manner' | 'itself' | 'special', number>>;
}

/** Weights of the verb's first token (its stem) on every word of a sentence, for every head of every layer. */
export async function verbWeights(
  model: Model,
  sentence: Sentence,
): Promise<{ layer: number; head: number; words: number[]; special: number }[]> {
  const trace = await recordTrace(model, { text: sentence.text });
  const { tokens, words } = trace.encoding!;
  const spaced = sentence.words.map(
    ({ text }, i) => sentence.words.slice(0, i).reduce((at, word) => at + word.text.length + 1, 0) + text.length,
  );
  // A final full stop is a word of its own to the tokenizer; here it belongs to its verb.
  const wordOf = (start: number): number => spaced.findIndex((end) => start < end);
  const verb = words.find(({ start }) => wordOf(start) === sentence.words.length - 1)!.tokens[0]!;
  const rows: { layer: number; head: number; words: number[]; special: number }[] = [];
  for (let layer = 0; layer < model.architecture.layerCount; layer++) {
    const { weights } = await attentionStages(trace, layer);
    for (let head = 0; head < model.architecture.headCount; head++) {
      const row = { layer, head, words: sentence.words.map(() => 0), special: 0 };
      for (const { index, start } of tokens) {
        const weight = weights.data[(head * tokens.length + verb) * tokens.length + index]!;
        if (start === null) row.special += weight;
        else row.words[wordOf(start)]! += weight;
      }
      rows.push(row);
    }
  }
  return rows;
}

/** Figures of every head over sentences with a visible verb and an object. */
export async function headFigures(model: Model, sentences: readonly Sentence[]): Promise<HeadFigures[]> {
  const { layerCount, headCount } = model.architecture;
  const totals = Array.from({ length: layerCount * headCount }, (_, i) => ({
    layer: Math.floor(i / headCount),
    head: i % headCount,
    ordered: 0,
    complete: 0,
    manners: 0,
    first: { object: 0, subject: 0, manner: 0 },
    weight: { object: 0, subject: 0, manner: 0, itself: 0, special: 0 },
  }));
  for (const sentence of sentences) {
    const place = (role: Role): number => sentence.words.findIndex((word) => word.role === role);
    const places = { object: place('object'), subject: place('subject'), manner: place('manner') };
    const last = sentence.words.length - 1;
    for (const [i, { words, special }] of (await verbWeights(model, sentence)).entries()) {
      const total = totals[i]!;
      const others = words.slice(0, last);
      const best = others.indexOf(Math.max(...others));
      for (const role of ['object', 'subject', 'manner'] as const) {
        if (places[role] < 0) continue;
        if (best === places[role]) total.first[role]++;
        total.weight[role] += words[places[role]]!;
      }
      total.weight.itself += words[last]!;
      total.weight.special += special;
      if (places.manner >= 0) total.manners++;
      if (Object.values(places).every((at) => at >= 0)) {
        total.complete++;
        if (words[places.object]! > words[places.subject]! && words[places.subject]! > words[places.manner]!)
          total.ordered++;
      }
    }
  }
  const part = (count: number, of: number): number => (of === 0 ? 0 : count / of);
  return totals.map(({ layer, head, first, weight, ordered, complete, manners }) => {
    const count = sentences.length;
    return {
      layer,
      head,
      first: {
        object: part(first.object, count),
        subject: part(first.subject, count),
        manner: part(first.manner, manners),
      },
      inOrder: part(ordered, complete),
      weight: {
        object: part(weight.object, count),
        subject: part(weight.subject, count),
        manner: part(weight.manner, manners),
        itself: part(weight.itself, count),
        special: part(weight.special, count),
      },
    };
  });
}

/** Sentences of a part that hold an object (and, asked for, subject and manner too): what the verb of each looks at is known. */
export const withObject = (sentences: readonly Sentence[]): Sentence[] =>
  sentences.filter(({ words }) => words.some(({ role }) => role === 'object'));
