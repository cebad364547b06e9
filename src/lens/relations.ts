/**
 * What heads know of grammar (Clark, Khandelwal, Levy & Manning 2019, "What Does BERT Look At?", section 4.2): for every
 * head and dependency relation, how often the most-attended word is the right one, in both directions, beside what
 * simple rules reach on the same arcs.
 */
import type { Encoding, Model } from '../model/index.ts';
import { SiseonError } from '../platform/index.ts';
import { attentionBands, recordTrace, type Trace } from '../trace/index.ts';
import { alignTokens } from './align.ts';
import type { TreeSentence } from './conllu.ts';
import { textLayers } from './places.ts';
import { bandRow } from './rows.ts';
import { binomialTail, type Share, wilson } from './statistics.ts';

/** Who looks: the dependent at its head, or the head at its dependent. */
export type Direction = 'toHead' | 'toDependent';

export interface RelationOptions {
  /** From a word of several tokens: the mean over them, as in the paper (default), or its first token alone. */
  readonly from?: 'mean' | 'first';
  /** Keep subtypes (`nsubj:pass`) apart. */
  readonly subtypes?: boolean;
  readonly onProgress?: (done: number, of: number) => void;
}

export interface RelationRow {
  readonly relation: string;
  readonly direction: Direction;
  /** Arcs counted: those whose target the source may see. Half of the sentences chooses, the other half is reported. */
  readonly count: number;
  /** The head that is right most often on the choosing half, and what it does on the other. */
  readonly best: { readonly layer: number; readonly head: number; readonly chosen: Share; readonly reported: Share };
  /** The word so many places after the source (negative: before), chosen and reported likewise. */
  readonly offset: { readonly offset: number; readonly chosen: Share; readonly reported: Share };
  /** What choosing one of the other visible words blindly gives, on the reported half. */
  readonly random: number;
  /** The nearest word to the left that ends in 을 or 를, on the reported half; null for `toHead` and treebanks that are not Korean: of whose words most are not in Hangul. */
  readonly objectMarker: Share | null;
  /**
   * The chance that a head as good as the best rule is so much more often right, on the reported half: the largest over the
   * rules, of McNemar's exact test (1947) for those that answer arc by arc, of the binomial one for a blind choice. Of one
   * look: not corrected.
   */
  readonly probability: number;
  /** Right answers of every head on all arcs, [layer][head]. */
  readonly right: readonly (readonly number[])[];
}

export interface RelationReport {
  readonly model: string;
  readonly from: 'mean' | 'first';
  readonly sentences: number;
  readonly words: number;
  readonly leftOut: {
    /** Longer than the model reads. */
    readonly tooLong: number;
    /** Tokens that do not align with the treebank's words: which, and how it looks. */
    readonly unaligned: readonly { readonly id: string; readonly line: number; readonly shown: string }[];
    /** Arcs inside one surface token, and arcs whose target the source may not see (causal models). */
    readonly sameToken: number;
    readonly hidden: number;
    /** Relations and directions of which one half of the sentences has no arc: nothing to choose by, or nothing to report. */
    readonly oneHalf: number;
  };
  /** By relation, the most frequent first, then by direction. */
  readonly rows: readonly RelationRow[];
}

interface Arc {
  readonly source: number;
  readonly target: number;
  readonly relation: string;
  readonly direction: Direction;
}

/** Counts of one relation in one direction; index 0 is the choosing half, 1 the reported one. */
interface Tally {
  readonly relation: string;
  readonly direction: Direction;
  readonly count: [number, number];
  readonly right: [Int32Array, Int32Array];
  readonly offsets: [Map<number, number>, Map<number, number>];
  random: number;
  /** Each arc of the reported half: how far away the answer is, whether the 을/를 rule finds it, and which heads do. */
  readonly answers: { readonly step: number; readonly marked: boolean; readonly right: Uint8Array }[];
}

/**
 * The report over a treebank's sentences. The prediction of a head for a word is the other word with the largest weight:
 * special tokens and the word itself do not stand for election. Into a word goes the sum over its tokens. Of an
 * encoder-decoder the encoder's heads are asked: it is what reads the sentence.
 * Cost: one run and one pass over the weights a sentence; nothing of it is kept. Throws `noTokenizer`, and `nothingToMeasure` where no sentence is left.
 */
export async function relationReport(
  model: Model,
  sentences: readonly TreeSentence[],
  { from = 'mean', subtypes = false, onProgress = () => {} }: RelationOptions = {},
): Promise<RelationReport> {
  const { layerCount, headCount, positionCount, causal } = model.architecture.encoder ?? model.architecture;
  const tallies = new Map<string, Tally>();
  const unaligned: { id: string; line: number; shown: string }[] = [];
  const korean = isKorean(sentences);
  let [used, words, tooLong, sameToken, hidden] = [0, 0, 0, 0, 0];
  for (const [n, sentence] of sentences.entries()) {
    onProgress(n, sentences.length);
    const encoding = encode(model, sentence.text);
    if (encoding.ids.length > positionCount) {
      tooLong++;
      continue;
    }
    const tokens = aligned(encoding, sentence, unaligned);
    if (!tokens) continue;
    const half = used++ % 2;
    words += sentence.words.length;
    const { arcs, ...left } = arcsOf(sentence, tokens, subtypes, causal);
    sameToken += left.sameToken;
    hidden += left.hidden;
    if (arcs.length === 0) continue;
    const predicted = await predictions(await recordTrace(model, { ids: encoding.ids, logits: false }), tokens, from);
    for (const arc of arcs) {
      const tally = tallyOf(tallies, arc, layerCount * headCount);
      tally.count[half as 0]++;
      const step = arc.target - arc.source;
      tally.offsets[half as 0].set(step, (tally.offsets[half as 0].get(step) ?? 0) + 1);
      for (const [h, choice] of predicted.entries())
        if (choice[arc.source] === arc.target) tally.right[half as 0][h]!++;
      if (half === 0) continue;
      tally.random += 1 / candidates(tokens, arc.source, causal);
      tally.answers.push({
        step,
        marked: nearestMarked(sentence, arc.source) === arc.target,
        right: Uint8Array.from(predicted, (choice) => Number(choice[arc.source] === arc.target)),
      });
    }
  }
  onProgress(sentences.length, sentences.length);
  const both = [...tallies.values()].filter(({ count }) => count[0] > 0 && count[1] > 0);
  if (both.length === 0)
    throw new SiseonError({
      code: 'nothingToMeasure',
      kind: 'usage',
      what: 'no sentence of the treebank could be measured',
      expected: 'arcs of one relation in two sentences: the first chooses, the second is reported',
      got: `${tooLong} too long, ${unaligned.length} that do not align, of ${sentences.length}`,
      next: unaligned[0]
        ? `The first that does not align: ${unaligned[0].shown}`
        : 'Use more sentences that fit the model.',
      details: { tooLong, unaligned: unaligned.length, sentences: sentences.length },
    });
  return {
    model: model.name,
    from,
    sentences: used,
    words,
    leftOut: { tooLong, unaligned, sameToken, hidden, oneHalf: tallies.size - both.length },
    rows: both
      .toSorted((a, b) => total(b) - total(a) || a.relation.localeCompare(b.relation))
      .map((tally) => rowOf(tally, headCount, korean)),
  };
}

/** Whether most words of a treebank are written in Hangul. */
function isKorean(sentences: readonly TreeSentence[]): boolean {
  let [hangul, all] = [0, 0];
  for (const { words } of sentences)
    for (const { form } of words) {
      all++;
      if (/[가-힣ᄀ-ᇿ]/.test(form)) hangul++;
    }
  return hangul * 2 > all;
}

const total = ({ count }: Tally): number => count[0] + count[1];

function encode(model: Model, text: string): Encoding {
  if (model.tokenizer) return model.tokenizer.encode(text);
  throw new SiseonError({
    code: 'noTokenizer',
    kind: 'usage',
    what: `${model.name} has no tokenizer.json, so it cannot read a treebank`,
    next: 'Use a model that has one.',
  });
}

function aligned(
  encoding: Encoding,
  sentence: TreeSentence,
  unaligned: { id: string; line: number; shown: string }[],
): number[][] | null {
  try {
    return alignTokens(encoding, sentence.words);
  } catch (error) {
    if (!(error instanceof SiseonError && error.code === 'tokensDoNotAlign')) throw error;
    unaligned.push({
      id: sentence.id,
      line: sentence.line,
      shown: `${error.details.words as string} ≠ ${error.details.tokens as string}`,
    });
    return null;
  }
}

/** Both directions of every arc whose ends are two surface tokens, and whose target the source may see. */
function arcsOf(
  { words }: TreeSentence,
  tokens: readonly (readonly number[])[],
  subtypes: boolean,
  causal: boolean,
): { arcs: Arc[]; sameToken: number; hidden: number } {
  const arcs: Arc[] = [];
  let [sameToken, hidden] = [0, 0];
  for (const { index, head, relation: written } of words) {
    if (head === null) continue;
    if (tokens[index]![0] === tokens[head]![0]) {
      sameToken++;
      continue;
    }
    const relation = subtypes ? written : written.split(':')[0]!;
    for (const [source, target, direction] of [
      [index, head, 'toHead'],
      [head, index, 'toDependent'],
    ] as const)
      if (causal && target > source) hidden++;
      else arcs.push({ source, target, relation, direction });
  }
  return { arcs, sameToken, hidden };
}

/** For every head of every layer: the most-attended other word of each word. A band of rows is held at a time. */
async function predictions(
  trace: Trace,
  tokens: readonly (readonly number[])[],
  from: 'mean' | 'first',
): Promise<Int32Array[]> {
  const { headCount } = trace.model.architecture.encoder ?? trace.model.architecture;
  const asking = new Map<number, number[]>();
  for (const [word, own] of tokens.entries())
    for (const token of from === 'mean' ? own : own.slice(0, 1))
      asking.set(token, [...(asking.get(token) ?? []), word]);
  const predicted: Int32Array[] = [];
  for (const layer of textLayers(trace)) {
    const chosen = Array.from({ length: headCount }, () => new Int32Array(tokens.length).fill(-1));
    /** Words whose rows are still going by: what they give every word so far, [head][word]. */
    const open = new Map<number, Float64Array[]>();
    for await (const band of attentionBands(trace, layer))
      for (let r = 0; r < band.count; r++)
        for (const word of asking.get(band.first + r) ?? []) {
          const given = open.get(word) ?? chosen.map(() => new Float64Array(tokens.length));
          open.set(word, given);
          const last = from === 'first' || tokens[word]!.at(-1) === band.first + r;
          for (const [head, into] of given.entries()) {
            const row = bandRow(band, band.weights, head, r);
            for (const [target, keys] of tokens.entries()) for (const j of keys) into[target]! += row[j]!;
            if (last) chosen[head]![word] = most(into, tokens, word);
          }
          if (last) open.delete(word);
        }
    predicted.push(...chosen);
  }
  return predicted;
}

/** The other word that is given most, the first of equals. */
function most(given: Float64Array, tokens: readonly (readonly number[])[], source: number): number {
  let best = -1;
  for (const [word, [first]] of tokens.entries())
    if (first !== tokens[source]![0] && (best < 0 || given[word]! > given[best]!)) best = word;
  return best;
}

/** How many other words a blind choice has. */
const candidates = (tokens: readonly (readonly number[])[], source: number, causal: boolean): number =>
  tokens.filter((own, word) => own[0] !== tokens[source]![0] && (!causal || word < source)).length;

/** The nearest word to the left in 을 or 를, or −1. */
const nearestMarked = ({ words }: TreeSentence, source: number): number =>
  words.findLastIndex(({ form, index }) => index < source && /[을를]$/.test(form.normalize('NFC')));

function tallyOf(tallies: Map<string, Tally>, { relation, direction }: Arc, heads: number): Tally {
  const name = `${relation} ${direction}`;
  const tally = tallies.get(name) ?? {
    relation,
    direction,
    count: [0, 0],
    right: [new Int32Array(heads), new Int32Array(heads)],
    offsets: [new Map(), new Map()],
    random: 0,
    answers: [],
  };
  tallies.set(name, tally as Tally);
  return tally as Tally;
}

function rowOf(tally: Tally, headCount: number, korean: boolean): RelationRow {
  const { relation, direction, count, right, offsets } = tally;
  const best = right[0].indexOf(Math.max(...right[0]));
  // Ties go to the nearest offset, and before rather than after.
  const steps = [...new Set([...offsets[0].keys(), -1])].toSorted((a, b) => Math.abs(a) - Math.abs(b) || a - b);
  const offset = steps.reduce((a, b) => ((offsets[0].get(b) ?? 0) > (offsets[0].get(a) ?? 0) ? b : a));
  const both = Array.from(right[0], (number, h) => number + right[1][h]!);
  const random = tally.random / count[1];
  const marks = korean && direction === 'toDependent';
  return {
    relation,
    direction,
    count: total(tally),
    best: {
      layer: Math.floor(best / headCount),
      head: best % headCount,
      chosen: wilson(right[0][best]!, count[0]),
      reported: wilson(right[1][best]!, count[1]),
    },
    offset: {
      offset,
      chosen: wilson(offsets[0].get(offset) ?? 0, count[0]),
      reported: wilson(offsets[1].get(offset) ?? 0, count[1]),
    },
    random,
    objectMarker: marks ? wilson(tally.answers.filter(({ marked }) => marked).length, count[1]) : null,
    probability: Math.max(
      binomialTail(right[1][best]!, count[1], random),
      pairedTail(tally, best, ({ step }) => step === offset),
      ...(marks ? [pairedTail(tally, best, ({ marked }) => marked)] : []),
    ),
    right: Array.from({ length: both.length / headCount }, (_, layer) =>
      both.slice(layer * headCount, (layer + 1) * headCount),
    ),
  };
}

/** McNemar's exact test, one side: of the arcs that one of the two alone gets right, how surprising it is that the head has so many. */
function pairedTail({ answers }: Tally, head: number, rule: (answer: Tally['answers'][number]) => boolean): number {
  const [alone, ruleAlone] = [
    answers.filter((answer) => answer.right[head] === 1 && !rule(answer)).length,
    answers.filter((answer) => answer.right[head] !== 1 && rule(answer)).length,
  ];
  return binomialTail(alone, alone + ruleAlone, 0.5);
}
