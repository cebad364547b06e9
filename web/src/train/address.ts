/** The room "Train" in the address. */
import { readSettings, type Settings, writeSettings } from './settings.ts';

export interface Training {
  readonly settings: Settings;
  /** One's own text to train on; a long one is not put into the address. */
  readonly text: string;
  /** The sentence that the checkpoints are looked at with; null: one that training never sees. */
  readonly sentence: string | null;
  /** null: the first of the last layer. */
  readonly head: { readonly layer: number; readonly head: number } | null;
}

/** Longer texts stay out of the address. */
export const longestLinked = 2000;

const linked = (name: string, text: string | null): string[] =>
  text !== null && text !== '' && text.length <= longestLinked
    ? [`${name}=${encodeURIComponent(text.toWellFormed())}`]
    : [];

export const writeTraining = ({ settings, text, sentence, head }: Training): string[] => [
  `p=${writeSettings(settings)}`,
  ...(settings.task === 'own' ? linked('x', text) : []),
  ...linked('y', sentence),
  ...(head ? [`z=${head.layer}.${head.head}`] : []),
];

export function readTraining(values: URLSearchParams): Training {
  const [, layer, head] = /^(\d{1,2})\.(\d{1,2})$/.exec(values.get('z') ?? '') ?? [];
  return {
    settings: readSettings(values.get('p')),
    text: values.get('x') ?? '',
    sentence: values.get('y'),
    head: layer === undefined ? null : { layer: Number(layer), head: Number(head) },
  };
}
