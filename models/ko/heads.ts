/** What each head's verb looks at, over sentences whose roles are known: how heads are chosen and measured. */
import type { Model } from 'siseon/model';
import { attentionStages, recordTrace, type Trace } from 'siseon/trace';
import type { Clause, Sentence } from './grammar/sentence.ts';

/** The roles that heads are chosen for: 무엇을?, 누가?, 어떻게? */
export const roleNames = ['object', 'subject', 'manner'] as const;
export type RoleName = (typeof roleNames)[number];

/** A verb that can be seen, and where its words stand. */
export interface Probe {
  readonly sentence: Sentence;
  readonly clause: Clause;
}

/** Every word's tokens; a final full stop or question mark belongs to its word here. */
export function tokensOf(sentence: Sentence, { encoding }: Trace): number[][] {
  const ends: number[] = [];
  for (const { text } of sentence.words) ends.push((ends.at(-1) ?? -1) + 1 + text.length);
  const own: number[][] = sentence.words.map(() => []);
  for (const { index, start } of encoding!.tokens)
    if (start !== null) own[ends.findIndex((end) => start < end)]!.push(index);
  return own;
}

/** How one head's verb token looks, by word. */
export interface VerbLook {
  readonly layer: number;
  readonly head: number;
  readonly words: number[];
  readonly special: number;
}

/** Weights of a clause's verb (its first token, the stem) on every word, for every head of every layer. */
export async function verbLooks(model: Model, { sentence, clause }: Probe): Promise<VerbLook[]> {
  const trace = await recordTrace(model, { text: sentence.text });
  const tokens = tokensOf(sentence, trace);
  const count = trace.encoding!.tokens.length;
  const asking = tokens[clause.verb]![0]!;
  const looks: VerbLook[] = [];
  for (let layer = 0; layer < model.architecture.layerCount; layer++) {
    const { weights } = await attentionStages(trace, layer);
    for (let head = 0; head < model.architecture.headCount; head++) {
      const row = weights.data.subarray((head * count + asking) * count, (head * count + asking + 1) * count);
      const words = tokens.map((own) => own.reduce((sum, j) => sum + row[j]!, 0));
      looks.push({
        layer,
        head,
        words,
        special: row.reduce((sum, weight) => sum + weight, 0) - words.reduce((a, b) => a + b, 0),
      });
    }
  }
  return looks;
}

/** The other word with the largest weight. */
export function firstWord({ words }: Pick<VerbLook, 'words'>, verb: number): number {
  let best = -1;
  for (const [index, weight] of words.entries())
    if (index !== verb && (best < 0 || weight > words[best]!)) best = index;
  return best;
}

export interface HeadFigures {
  readonly layer: number;
  readonly head: number;
  /** Of the verbs that have the role: how many look first at it, and their mean weight on it. */
  readonly roles: Readonly<
    Record<RoleName, { readonly first: number; readonly weight: number; readonly count: number }>
  >;
  /** Of the verbs with object, subject and manner: object > subject > manner in weight, and at least half on the three. */
  readonly inOrder: number;
  /** Mean weight on the verb itself and on the separators. */
  readonly itself: number;
  readonly special: number;
}

/** Figures of every head over visible verbs. */
export async function headFigures(model: Model, probes: readonly Probe[]): Promise<HeadFigures[]> {
  const { layerCount, headCount } = model.architecture;
  const totals = Array.from({ length: layerCount * headCount }, (_, i) => ({
    layer: Math.floor(i / headCount),
    head: i % headCount,
    roles: Object.fromEntries(roleNames.map((role) => [role, { first: 0, weight: 0, count: 0 }])) as Record<
      RoleName,
      { first: number; weight: number; count: number }
    >,
    ordered: 0,
    complete: 0,
    itself: 0,
    special: 0,
  }));
  for (const probe of probes) {
    const { verb, roles } = probe.clause;
    for (const [i, look] of (await verbLooks(model, probe)).entries()) {
      const total = totals[i]!;
      const best = firstWord(look, verb);
      const weightOf = (role: RoleName): number | undefined =>
        roles[role] === undefined ? undefined : look.words[roles[role]]!;
      for (const role of roleNames) {
        const weight = weightOf(role);
        if (weight === undefined) continue;
        total.roles[role].count++;
        total.roles[role].weight += weight;
        if (best === roles[role]) total.roles[role].first++;
      }
      const [object, subject, manner] = roleNames.map(weightOf);
      if (object !== undefined && subject !== undefined && manner !== undefined) {
        total.complete++;
        if (object > subject && subject > manner && object + subject + manner >= 0.5) total.ordered++;
      }
      total.itself += look.words[verb]!;
      total.special += look.special;
    }
  }
  const part = (sum: number, of: number): number => (of === 0 ? 0 : sum / of);
  return totals.map(({ layer, head, roles, ordered, complete, itself, special }) => ({
    layer,
    head,
    roles: Object.fromEntries(
      roleNames.map((role) => {
        const { first, weight, count } = roles[role];
        return [role, { first: part(first, count), weight: part(weight, count), count }];
      }),
    ) as HeadFigures['roles'],
    inOrder: part(ordered, complete),
    itself: part(itself, probes.length),
    special: part(special, probes.length),
  }));
}

/** The clauses of sentences that pass a test, one probe each: the sentence's own clause unless another kind is asked for. */
export const probesOf = (sentences: readonly Sentence[], where: (probe: Probe) => boolean): Probe[] =>
  sentences.flatMap((sentence) => sentence.clauses.map((clause) => ({ sentence, clause })).filter(where));
