/** Step 3 in figures: what the mixture holds, and whether it is the cause of what the model says. */
import { look } from 'siseon/lens';
import type { Model } from 'siseon/model';
import { attentionStages, recordedStage, recordTrace, type Trace } from 'siseon/trace';
import { type Random, seededRandom } from 'siseon/train';
import { pick } from '../grammar/clause.ts';
import { attach, inflect, type PredicateForm } from '../grammar/inflection.ts';
import { nouns } from '../grammar/lexicon.ts';
import { verbs } from '../grammar/predicates.ts';
import { type Probe, tokensOf } from '../heads.ts';

export interface HeadPlace {
  readonly layer: number;
  readonly head: number;
}

/** How often the object's part of the head's output is the largest of all words, the verb itself and separators included. */
export async function contributionFirst(
  model: Model,
  { layer, head }: HeadPlace,
  probes: readonly Probe[],
): Promise<number> {
  let hits = 0;
  for (const { sentence, clause } of probes) {
    const trace = await recordTrace(model, { text: sentence.text });
    const { keys } = await look(trace, model, { query: clause.verb, layer, head });
    const best = keys.reduce((a, b) => (b.contribution > a.contribution ? b : a));
    if (best.word === clause.roles.object) hits++;
  }
  return hits / probes.length;
}

/** This head's vectors of one stage, [position][headSize], of a key/value head that serves `head`. */
async function vectors(
  trace: Trace,
  { layer, head }: HeadPlace,
  stage: 'query' | 'key' | 'value',
): Promise<Float32Array[]> {
  const { data, shape } = recordedStage(trace, `layers.${layer}.${stage}`);
  const [, positions = 0, size = 0] = shape;
  return Array.from({ length: positions }, (_, i) =>
    data.slice((head * positions + i) * size, (head * positions + i + 1) * size),
  );
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};
const cosine = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)) || 0;
const meanOf = (list: readonly ArrayLike<number>[]): Float64Array => {
  const mean = new Float64Array(list[0]!.length);
  for (const vector of list) for (let c = 0; c < mean.length; c++) mean[c]! += vector[c]! / list.length;
  return mean;
};
const less = (a: ArrayLike<number>, b: ArrayLike<number>): Float64Array => Float64Array.from(a, (x, c) => x - b[c]!);

/** One head's mixture for one query: Σ weight · value, [headSize]. */
async function mixtureOf(trace: Trace, { layer, head }: HeadPlace, query: number): Promise<Float32Array> {
  const { mixed } = await attentionStages(trace, layer);
  const [, positions = 0, size = 0] = mixed.shape;
  const start = (head * positions + query) * size;
  return mixed.data.subarray(start, start + size);
}

/** How often the noun of the sentence whose value is nearest to the head's mixture is the object. Nearest is the largest cosine. */
export async function nearestInSentence(model: Model, place: HeadPlace, probes: readonly Probe[]): Promise<number> {
  let hits = 0;
  for (const { sentence, clause } of probes) {
    const trace = await recordTrace(model, { text: sentence.text });
    const first = tokensOf(sentence, trace).map((own) => own[0]!);
    const mixture = await mixtureOf(trace, place, first[clause.verb]!);
    const values = await vectors(trace, place, 'value');
    const nouns = [...sentence.words.keys()].filter((index) => known.has(sentence.words[index]!.stem));
    const near = nouns.map((index) => cosine(mixture, values[first[index]!]!));
    if (nouns[near.indexOf(Math.max(...near))] === clause.roles.object) hits++;
  }
  return hits / probes.length;
}
const known = new Set(nouns);

/**
 * How often the noun whose value is nearest to the head's mixture is the object, among all nouns of the grammar: each put
 * in the object's place in turn, and its value in this head taken there. The mean over all of them is taken away; nearest
 * is the largest cosine.
 */
export async function nearestOfAll(model: Model, place: HeadPlace, probes: readonly Probe[]): Promise<number> {
  let hits = 0;
  for (const { sentence, clause } of probes) {
    const object = clause.roles.object!;
    const own = sentence.words[object]!;
    const run = async (noun: string) => {
      const words = sentence.words.map(({ text }, index) =>
        index !== object ? text : noun === own.stem ? text : attach(noun, /[은는]$/.test(text) ? '는' : '를'),
      );
      const trace = await recordTrace(model, { text: words.join(' ') });
      return { trace, at: (word: number): number => trace.encoding!.words[word]!.tokens[0]! };
    };
    const values: Float32Array[] = [];
    for (const noun of new Set([own.stem, ...nouns])) {
      const { trace, at } = await run(noun);
      values.push((await vectors(trace, place, 'value'))[at(object)]!);
    }
    const { trace, at } = await run(own.stem);
    const middle = meanOf(values);
    const mixture = less(await mixtureOf(trace, place, at(clause.verb)), middle);
    const near = values.map((value) => cosine(mixture, less(value, middle)));
    if (near.indexOf(Math.max(...near)) === 0) hits++;
  }
  return hits / probes.length;
}

/**
 * Cause: the verb's stem is masked, and in one head the object's values are put in place of those of a run with an object
 * that no verb of the first takes. What the model then says is the chance that it gives to verbs which take the one
 * object and not the other. Counted are sentences whose masked verb was rather one of the first before; moved are those
 * where it is rather one of the other after. Beside it: the same in another head drawn at random, and what another
 * object does when it is really there.
 */
export async function cause(
  model: Model,
  place: HeadPlace,
  probes: readonly Probe[],
): Promise<{ moved: number; byOtherHeads: number; really: number; count: number }> {
  const random = seededRandom(41);
  const { layerCount, headCount } = model.architecture;
  const others: HeadPlace[] = [];
  for (let layer = 0; layer < layerCount; layer++)
    for (let head = 0; head < headCount; head++)
      if (layer !== place.layer || head !== place.head) others.push({ layer, head });
  const totals = { count: 0, moved: 0, others: 0, really: 0 };
  for (const probe of probes) {
    const swap = otherObject(model, random, probe);
    if (!swap) continue;
    const { base, donor, positions, mask, stems } = swap;
    const prefers = (logits: Float32Array): 'own' | 'other' => {
      const row = logits.subarray(mask * model.architecture.vocabularySize);
      const [own = 0, other = 0] = [stems.own, stems.other].map((ids) =>
        ids.reduce((sum, id) => sum + Math.exp(row[id]!), 0),
      );
      return own > other ? 'own' : 'other';
    };
    if (prefers((await model.run(base)).logits!) !== 'own') continue;
    const donorTrace = await recordTrace(model, { ids: [...donor] });
    const patched = async ({ layer, head }: HeadPlace): Promise<'own' | 'other'> => {
      const values = await vectors(donorTrace, { layer, head }, 'value');
      const edits = positions.map((position) => ({
        kind: 'set' as const,
        stage: 'value' as const,
        layer,
        head,
        position,
        vector: [...values[position]!],
      }));
      return prefers((await model.run(base, undefined, edits)).logits!);
    };
    totals.count++;
    if (prefers((await model.run(donor)).logits!) === 'other') totals.really++;
    if ((await patched(place)) === 'other') totals.moved++;
    if ((await patched(pick(random, others))) === 'other') totals.others++;
  }
  return {
    moved: totals.moved / totals.count,
    byOtherHeads: totals.others / totals.count,
    really: totals.really / totals.count,
    count: totals.count,
  };
}

/** Every form that the grammar gives a predicate. */
const forms: readonly PredicateForm[] = [false, true].flatMap((honorific) => [
  ...(['past', 'present', 'future'] as const).flatMap((tense) =>
    (['plain', 'polite', 'casual', 'formal'] as const).flatMap((level) =>
      [false, true].map((question) => ({ kind: 'final' as const, tense, level, honorific, question })),
    ),
  ),
]);

/**
 * The sentence with its verb's stem masked, and the same with an object of other verbs, of as many tokens; and the first
 * tokens of the verbs with the same endings that take the one object and not the other.
 */
function otherObject(model: Model, random: Random, { sentence, clause }: Probe) {
  const tokenizer = model.tokenizer!;
  const plain = (text: string): string => text.replace(/[.?]/g, '');
  const frames = verbs.filter(({ objects }) => objects.length > 0);
  const own = frames.find(({ predicate, kind }) => predicate.stem === clause.frame && kind === 'transitive');
  const object = sentence.words[clause.roles.object ?? -1];
  const written = plain(sentence.words[clause.verb]!.text);
  const form = own && forms.find((one) => plain(inflect(own.predicate, one)) === written);
  if (!own || !object || !form) return null;
  const noun = pick(
    random,
    [...new Set(frames.flatMap(({ objects }) => objects))].filter((one) => !own.objects.includes(one)),
  );
  // Of one ending with what is left of the verb, so that it speaks for none of them.
  const [, ...endings] = tokenizer.encode(written).ids.subarray(1);
  const taking = (noun: string, not: string): number[] =>
    frames.flatMap(({ predicate, objects }) => {
      if (!objects.includes(noun) || objects.includes(not)) return [];
      const [stem = 0, ...rest] = tokenizer.encode(plain(inflect(predicate, form))).ids.subarray(1);
      return rest.join() === endings.join() ? [stem] : [];
    });
  const base = tokenizer.encode(sentence.text);
  const donor = tokenizer.encode(
    sentence.words.map((word) => (word === object ? attach(noun, '를') : word.text)).join(' '),
  );
  const positions = base.words[clause.roles.object!]!.tokens;
  const mask = base.words[clause.verb]!.tokens[0]!;
  const stems = { own: taking(object.stem, noun), other: taking(noun, object.stem) };
  if (base.ids.length !== donor.ids.length || stems.own.length === 0 || stems.other.length === 0) return null;
  const masked = (ids: Int32Array): Int32Array => ids.with(mask, tokenizer.tokenId('[MASK]')!);
  return { base: masked(base.ids), donor: masked(donor.ids), positions, mask, stems };
}

/**
 * Alignment: the area under the ROC curve of centred cos(q, k), verb and object (related) against other words of the same
 * sentence at the same distance (unrelated); 0.5 is chance. Centred: the mean key of the sentence is taken away.
 */
export async function alignment(model: Model, place: HeadPlace, probes: readonly Probe[]): Promise<number> {
  const related: number[] = [];
  const unrelated: number[] = [];
  for (const { sentence, clause } of probes) {
    const trace = await recordTrace(model, { text: sentence.text });
    const first = tokensOf(sentence, trace).map((own) => own[0]!);
    const queries = await vectors(trace, place, 'query');
    const keys = await vectors(trace, place, 'key');
    const middle = meanOf(keys);
    const of = (i: number, j: number): number => cosine(queries[first[i]!]!, less(keys[first[j]!]!, middle));
    const distance = clause.roles.object! - clause.verb;
    const pairs = sentence.words
      .map((_, i) => i)
      .filter(
        (i) =>
          i !== clause.verb &&
          i + distance >= 0 &&
          i + distance < sentence.words.length &&
          !sentence.clauses.some(({ verb, roles }) => verb === i && Object.values(roles).includes(i + distance)),
      );
    if (pairs.length === 0) continue;
    related.push(of(clause.verb, clause.roles.object!));
    for (const i of pairs) unrelated.push(of(i, i + distance));
  }
  return areaUnderCurve(related, unrelated);
}

/** The chance that a number of the first list is larger than one of the second, ties counted half (Mann–Whitney). */
export function areaUnderCurve(high: readonly number[], low: readonly number[]): number {
  const sorted = low.toSorted((a, b) => a - b);
  const below = (x: number, orEqual: boolean): number => {
    let [start, end] = [0, sorted.length];
    while (start < end) {
      const middle = (start + end) >> 1;
      if (sorted[middle]! < x || (orEqual && sorted[middle] === x)) start = middle + 1;
      else end = middle;
    }
    return start;
  };
  const wins = high.reduce((sum, x) => sum + (below(x, false) + below(x, true)) / 2, 0);
  return wins / (high.length * low.length);
}
