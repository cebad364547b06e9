/** A visitor's settings as a training of the package: plan, texts, tokenizer, and what is held back to measure it. */
import { type Model, Tokenizer } from 'siseon/model';
import { SiseonError } from 'siseon/platform';
import {
  bertConfig,
  bertPlan,
  type Corruption,
  type Match,
  type MatchSource,
  seededRandom,
  tokenizerOf,
} from 'siseon/train';
import type { Task } from '../training/run.ts';
import { tokenizerJson as smallTokenizer } from '../training/sentences.ts';
import type { Objective, Settings } from './settings.ts';
import { koreanSource, ownSource, type Source, sentencesOf, smallSource, sortingSource } from './sources.ts';

/** A text that is not trained on, one of its tokens hidden. */
export interface Hidden {
  readonly ids: Int32Array;
  readonly at: number;
  readonly answer: number;
}

export interface Lesson {
  readonly settings: Settings;
  readonly task: Task;
  /** config.json and tokenizer.json of what comes out. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly tokenizerJson: unknown;
  readonly tokenizer: Tokenizer;
  readonly hidden: readonly Hidden[];
  /** A text that training never sees. */
  readonly example: string;
  readonly facts: Facts;
}

/** What is known before the first step. */
export interface Facts {
  /** Different sentences, where they can be counted: those of one's own text. */
  readonly sentences: number | null;
  readonly heldOut: number;
  readonly vocabulary: number;
  readonly parameters: number;
  readonly checkpoints: number;
  /** The share of the hidden tokens that would be right if one always said the most frequent one. */
  readonly guessing: number;
  readonly example: string;
}

const corruptions: Readonly<Record<Objective, Corruption>> = {
  masked: { chosen: 0.2, masked: 1, replaced: 0 },
  repair: { chosen: 0.2, masked: 0.3, replaced: 0.6 },
  contrastive: { chosen: 0.2, masked: 0.3, replaced: 0.6 },
};
const positionsOf = { small: 32, sorting: 16, korean: 64, own: 64 } as const;
/** Ids from here on are words; those before are special. */
const firstToken = 5;
/** Most different sentences that one's own text has to have. */
export const leastSentences = 10;
/** Letters of a word that a message quotes. */
const longestQuoted = 20;
/** Checkpoints are kept in memory: so many bytes of them, but at least a few and at most as many as can be told apart. */
const [keptBytes, fewest, most] = [192e6, 4, 48];
/** Matches of one step. */
const matchCount = 16;

/**
 * What is trained, from the settings alone and, for one's own, the text: the same settings give the same bytes. Throws
 * `noSentences`, `oneWord` and `fewSentences` for a text that nothing can be learned from.
 */
export async function prepare(settings: Settings, text: string, korean: () => Promise<unknown>): Promise<Lesson> {
  // What is held back must not depend on the seed, or two seeds could not be compared.
  const seeded = seededRandom(0x5eed);
  const sentences = settings.task === 'own' ? checked(sentencesOf(text)) : [];
  const source = {
    small: () => smallSource(seeded),
    korean: () => koreanSource(seeded),
    sorting: () => sortingSource(seeded),
    own: () => ownSource(sentences, seeded),
  }[settings.task]();
  const tokenizerJson = await {
    small: async () => smallTokenizer(),
    korean,
    sorting: async () => tokenizerOf(source.heldOut, 'characters'),
    own: async () => tokenizerOf(sentences, settings.pieces),
  }[settings.task]();
  const tokenizer = Tokenizer.fromJson(tokenizerJson);
  const positions = positionsOf[settings.task];
  const encode = reader(tokenizer, positions);
  const read = settings.task === 'own' ? remembering(encode) : encode;
  const config = bertConfig(
    { layers: settings.layers, heads: settings.heads, hidden: settings.width, inner: 2 * settings.width, positions },
    tokenizer.vocabularySize,
  );
  const plan = bertPlan(config);
  const parameters = plan.sources.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  const checkpoints = Math.max(fewest, Math.min(most, settings.steps, Math.floor(keptBytes / (4 * parameters))));
  const hidden = source.heldOut.flatMap((each) => hide(encode(each), source, tokenizer, seeded));
  const { seed, steps, batch, rate, objective } = settings;
  const task: Task = {
    plan: {
      ...plan,
      seed,
      steps,
      batchSize: batch,
      rate,
      warmUp: Math.min(100, Math.ceil(steps / 20)),
      decay: 0.01,
      corruption: corruptions[objective],
      maskId: tokenizer.tokenId('[MASK]')!,
      firstToken,
      ...(objective === 'contrastive' && { matching: 1 }),
    },
    texts: (random) => read(source.write(random)),
    stride: Math.ceil(steps / checkpoints),
    ...(objective === 'contrastive' && { matches: matching(source, encode) }),
  };
  const { example } = source;
  const facts = {
    sentences: settings.task === 'own' ? new Set(sentences).size : null,
    heldOut: hidden.length,
    vocabulary: tokenizer.vocabularySize,
    parameters,
    checkpoints: 1 + Math.ceil(steps / task.stride),
    guessing: guessing(task, hidden),
    example,
  };
  return { settings, task, config, tokenizerJson, tokenizer, hidden, example, facts };
}

function checked(sentences: readonly string[]): readonly string[] {
  const refuse = (code: string, what: string, next: string, details = {}): SiseonError =>
    new SiseonError({ code, kind: 'usage', what, next, details });
  if (sentences.length === 0) throw refuse('noSentences', 'there is no text to train on', 'Give some sentences.');
  const words = new Set(sentences.flatMap((sentence) => sentence.split(' ')));
  const [word = ''] = words;
  if (words.size === 1)
    throw refuse('oneWord', 'the text says one word alone', 'Give sentences of several words.', {
      // A word may be as long as the text.
      word: word.length > longestQuoted ? `${word.slice(0, longestQuoted)}…` : word,
    });
  const different = new Set(sentences).size;
  if (different < leastSentences)
    throw refuse('fewSentences', 'the text is too short to learn from', 'Give more sentences.', {
      sentences: different,
      least: leastSentences,
    });
  return sentences;
}

/** Reads texts; what is longer than the model is cut before the last separator. */
function reader(tokenizer: Tokenizer, positions: number): (text: string) => Int32Array {
  return (text) => {
    const { ids } = tokenizer.encode(text);
    return ids.length <= positions ? ids : Int32Array.from([...ids.subarray(0, positions - 1), ids.at(-1)!]);
  };
}

/** Reads each text once: one's own sentences come back again and again. */
function remembering(encode: (text: string) => Int32Array): (text: string) => Int32Array {
  const known = new Map<string, Int32Array>();
  return (text) => {
    const ids = known.get(text) ?? encode(text);
    known.set(text, ids);
    return ids;
  };
}

/** One token of a held-out text is hidden, drawn among those that are asked for. */
function hide(ids: Int32Array, { askedAfter }: Source, tokenizer: Tokenizer, random: () => number): Hidden[] {
  const from = askedAfter === undefined ? 0 : ids.indexOf(tokenizer.tokenId(askedAfter)!) + 1;
  const open = [...ids.keys()].filter((i) => i >= from && ids[i]! >= firstToken);
  if (open.length === 0) return [];
  const at = open[Math.floor(random() * open.length)]!;
  return [{ ids: ids.with(at, tokenizer.tokenId('[MASK]')!), at, answer: ids[at]! }];
}

/** Halves of sentences that are to find each other; no half stands twice in one step. */
const matching =
  (source: Source, encode: (text: string) => Int32Array): MatchSource =>
  (random) => {
    const [queries, keys] = [new Set<string>(), new Set<string>()];
    const matches: Match[] = [];
    for (let i = 0; i < 4 * matchCount && matches.length < matchCount; i++) {
      const both = source.halves(source.write(random), random);
      if (!both || queries.has(both[0]) || keys.has(both[1])) continue;
      queries.add(both[0]);
      keys.add(both[1]);
      matches.push({ query: { ids: encode(both[0]) }, key: { ids: encode(both[1]) } });
    }
    return matches;
  };

/** How often the most frequent token of 500 training texts is the right answer. */
function guessing({ texts }: Task, hidden: readonly Hidden[]): number {
  const random = seededRandom(0);
  const counts = new Map<number, number>();
  for (let i = 0; i < 500; i++)
    for (const id of Array.from(texts(random))) if (id >= firstToken) counts.set(id, (counts.get(id) ?? 0) + 1);
  const [best = -1] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a), [-1, 0] as const);
  return hidden.filter(({ answer }) => answer === best).length / Math.max(1, hidden.length);
}

export interface Score {
  /** Mean surprise at the hidden tokens, nats. */
  readonly loss: number;
  /** The share of them that the model finds likeliest. */
  readonly right: number;
}

/** So many texts run side by side. */
const together = 12;

/** How well a model says the hidden tokens. */
export async function measure(model: Model, hidden: readonly Hidden[]): Promise<Score> {
  let [loss, right] = [0, 0];
  for (let start = 0; start < hidden.length; start += together) {
    const group = hidden.slice(start, start + together);
    const results = await model.runBatch(group.map(({ ids, at }) => ({ ids, logits: [at] })));
    for (const [i, { logits }] of results.entries()) {
      const { answer } = group[i]!;
      const row = logits!;
      const largest = row.reduce((a, b) => Math.max(a, b), -Infinity);
      const total = row.reduce((sum, logit) => sum + Math.exp(logit - largest), 0);
      loss += Math.log(total) + largest - row[answer]!;
      if (row.indexOf(largest) === answer) right++;
    }
  }
  return { loss: loss / hidden.length, right: right / hidden.length };
}
