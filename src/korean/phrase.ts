/**
 * Halves of errors in Korean. An error is made of English phrases with names and numbers in them; each phrase stands here
 * once, with its Korean, and `{x}` where a name or number is. A name that is a phrase itself is put into Korean as well.
 */
import { particle } from '../views/language.ts';
import { attentionPhrases } from './phrases/attention.ts';
import { checkpointPhrases } from './phrases/checkpoints.ts';
import { commonPhrases } from './phrases/common.ts';
import { editPhrases } from './phrases/edits.ts';
import type { Phrase } from './phrases/entry.ts';
import { filePhrases } from './phrases/files.ts';
import { tokenizerPhrases } from './phrases/tokenizers.ts';
import { trainingPhrases } from './phrases/training.ts';

type Particle = Parameters<typeof particle>[1];

/** From the particular to the general: the first that fits is taken. */
const all: readonly Phrase[] = [
  ...filePhrases,
  ...checkpointPhrases,
  ...tokenizerPhrases,
  ...editPhrases,
  ...trainingPhrases,
  ...attentionPhrases,
  ...commonPhrases,
];

interface Pattern {
  readonly matches: RegExp;
  readonly names: readonly string[];
  readonly korean: string;
}
let patterns: readonly Pattern[] | null = null;

function patternOf([english, korean]: Phrase): Pattern {
  const names: string[] = [];
  const source = english
    .split(/(\{[#@]?\w+\})/)
    .map((part) => {
      const [, kind, name] = /^\{([#@]?)(\w+)\}$/.exec(part) ?? [];
      if (name === undefined) return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      names.push(name);
      return kind === '#' ? '([-−+.,\\de∞]+|NaN|Infinity)' : kind === '@' ? '(\\S+)' : '(.+?)';
    })
    .join('');
  return { matches: new RegExp(`^${source}$`, 's'), names, korean };
}

/** The phrase in Korean, or null where it is none that an error is made of. */
export function phrase(english: string): string | null {
  patterns ??= all.map(patternOf);
  for (const { matches, names, korean } of patterns) {
    const found = matches.exec(english);
    if (!found) continue;
    const values = new Map(names.map((name, index) => [name, said(found[index + 1]!)]));
    return korean.replace(/\{(\w+)(?::([^}]+))?\}/g, (_, name: string, kind?: string) => {
      const value = values.get(name) ?? '';
      return kind === undefined ? value : `${value}${particle(value, kind as Particle)}`;
    });
  }
  return null;
}

/**
 * What an error says, in Korean: a phrase, or a name, number or shape as it is. Words of another program (of a server, the
 * system, somebody's own code) are quoted.
 */
export function said(english: string): string {
  const known = phrase(english);
  if (known !== null) return known;
  return /[A-Za-z]{2,} [A-Za-z]{2,}/.test(english) && !/^[‘“"'[{]/.test(english) ? `‘${english}’` : english;
}
