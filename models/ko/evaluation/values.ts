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

/**
 * How often the noun whose value is nearest to the head's mixture is the object, among the nouns of the sentence, and
 * among all nouns of the grammar: each put in the object's place in turn, its value in this head taken there, with the
 * mean over all of them taken away. Nearest is the largest cosine.
 */
export async function nearestNoun(
  model: Model,
  place: HeadPlace,
  probes: readonly Probe[],
  among: 'sentence' | 'grammar',
): Promise<number> {
  let hits = 0;
  for (const { sentence, clause } of probes) {
    const trace = await recordTrace(model, { text: sentence.text });
    const first = tokensOf(sentence, trace).map((own) => own[0]!);
    const { mixed } = await attentionStages(trace, place.layer);
    const [, positions = 0, size = 0] = mixed.shape;
    const start = (place.head * positions + first[clause.verb]!) * size;
    const mixture = mixed.data.subarray(start, start + size);
    const object = clause.roles.object!;
    const values = new Map<string, Float32Array>();
    if (among === 'sentence') {
      const own = await vectors(trace, place, 'value');
      for (const [index, { stem }] of sentence.words.entries())
        if (known.has(stem)) values.set(stem, own[first[index]!]!);
    } else
      for (const noun of [...nouns, sentence.words[object]!.stem]) {
        const words = sentence.words.map(({ text, stem }, index) =>
          index !== object ? text : stem === noun ? text : attach(noun, /[은는]$/.test(text) ? '는' : '를'),
        );
        const other = await recordTrace(model, { text: words.join(' ') });
        values.set(noun, (await vectors(other, place, 'value'))[first[object]!]!);
      }
    const middle = among === 'grammar' ? meanOf([...values.values()]) : new Float64Array(size);
    let best = '';
    let nearest = -Infinity;
    for (const [noun, value] of values) {
      const near = cosine(less(mixture, middle), less(value, middle));
      if (near > nearest) [best, nearest] = [noun, near];
    }
    if (best === sentence.words[object]!.stem) hits++;
  }
  return hits / probes.length;
}
const known = new Set(nouns);

/**
 * Cause: the verb's stem is masked, and in one head the object's values are put in place of those of a run whose object
 * belongs to another verb. Counted are sentences whose masked verb was rather the first verb than the other before;
 * moved are those where it is rather the other after. Beside it: the same in another head drawn at random, and what
 * another object does when it is really there.
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
      return row[stems.own]! > row[stems.other]! ? 'own' : 'other';
    };
    if (prefers((await model.run(base)).logits!) !== 'own') continue;
    const donorTrace = await recordTrace(model, { ids: [...donor] });
    const patched = async (where: HeadPlace): Promise<'own' | 'other'> => {
      const values = await vectors(donorTrace, where, 'value');
      const edits = positions.map((position) => ({
        kind: 'set' as const,
        stage: 'value' as const,
        ...where,
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
 * The sentence with its verb's stem masked, and the same with an object of another verb, of as many tokens. The other
 * verb is one whose form would have the same endings, so that what is left of the verb speaks for neither.
 */
function otherObject(model: Model, random: Random, { sentence, clause }: Probe) {
  const tokenizer = model.tokenizer!;
  const plain = (text: string): string => text.replace(/[.?]/g, '');
  const own = verbs.find(({ predicate, kind }) => predicate.stem === clause.frame && kind === 'transitive');
  const object = sentence.words[clause.roles.object ?? -1];
  const written = plain(sentence.words[clause.verb]!.text);
  const form = own && forms.find((one) => plain(inflect(own.predicate, one)) === written);
  if (!own || !object || !form) return null;
  const idsOf = (word: string): number[] => [...tokenizer.encode(word).ids.subarray(1, -1)];
  const [ownStem, ...endings] = idsOf(written);
  const foreign = verbs.flatMap((frame) => {
    if (frame.kind !== 'transitive' || frame === own || frame.objects.includes(object.stem)) return [];
    const [stem, ...rest] = idsOf(plain(inflect(frame.predicate, form)));
    return rest.join() === endings.join() && stem !== ownStem ? [{ frame, stem: stem! }] : [];
  });
  if (foreign.length === 0) return null;
  const other = pick(random, foreign);
  const candidates = other.frame.objects.filter((noun) => !own.objects.includes(noun));
  if (candidates.length === 0) return null;
  const noun = pick(random, candidates);
  const base = tokenizer.encode(sentence.text);
  const donor = tokenizer.encode(
    sentence.words.map((word) => (word === object ? attach(noun, '를') : word.text)).join(' '),
  );
  const positions = base.words[clause.roles.object!]!.tokens;
  const mask = base.words[clause.verb]!.tokens[0]!;
  if (base.ids.length !== donor.ids.length || base.ids[mask] !== ownStem || donor.ids[mask] !== ownStem) return null;
  const masked = (ids: Int32Array): Int32Array => ids.with(mask, tokenizer.tokenId('[MASK]')!);
  return {
    base: masked(base.ids),
    donor: masked(donor.ids),
    positions,
    mask,
    stems: { own: ownStem!, other: other.stem },
  };
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
