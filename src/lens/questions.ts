/** The questions that some heads of a model were found to ask of a verb's words, and their answers for one word. */
import type { Model } from '../model/index.ts';
import type { Trace } from '../trace/index.ts';
import { look } from './look.ts';

/** 누가?, 무엇을?, 어떻게? */
export const questionNames = ['subject', 'object', 'manner'] as const;
export type QuestionName = (typeof questionNames)[number];

export interface Answer {
  readonly question: QuestionName;
  readonly layer: number;
  readonly head: number;
  /** The other word with the largest weight in that head. */
  readonly word: number;
  readonly text: string;
  readonly weight: number;
}

/**
 * What each head with a role looks at first from one word (by default the last one with weight elsewhere to give); empty
 * where the model's config.json names no heads under `siseon.roles`. The roles were found on verbs: from another word
 * they say where the head looks, and nothing of who or what. Throws what look throws.
 */
export async function answers(
  trace: Trace,
  model: Model,
  { query }: { readonly query?: string | number } = {},
): Promise<Answer[]> {
  const roles = (model.metadata.roles ?? {}) as Partial<Record<QuestionName, { layer: number; head: number }>>;
  const found: Answer[] = [];
  for (const question of questionNames) {
    const place = roles[question];
    if (!place) continue;
    const { layer, head } = place;
    const { keys, query: asking } = await look(trace, model, { layer, head, ...(query !== undefined && { query }) });
    const others = keys.filter(({ word }) => word !== null && word !== asking.word);
    if (others.length === 0) continue;
    const { word, text, weight } = others.reduce((best, key) => (key.weight > best.weight ? key : best));
    found.push({ question, layer, head, word: word!, text, weight });
  }
  return found;
}
