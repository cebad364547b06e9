/** Real sentences: Universal Dependencies treebanks, as probes. */
import { readConllu } from 'siseon/lens';
import type { Model } from 'siseon/model';
import { readText } from 'siseon/platform';
import type { GrammarWord } from '../grammar/sentence.ts';
import type { Probe } from '../heads.ts';

export interface TreebankProbes {
  readonly object: Probe[];
  readonly subject: Probe[];
  /** Sentences left out because the model reads no more than so many tokens. */
  readonly tooLong: number;
}

/** Verbs with an object or a subject, as probes: words are what white space parts, punctuation with the word before it. */
export async function treebankProbes(model: Model, paths: readonly (string | URL)[]): Promise<TreebankProbes> {
  const found: { object: Probe[]; subject: Probe[]; tooLong: number } = { object: [], subject: [], tooLong: 0 };
  for (const path of paths)
    for (const { text, words: rows } of readConllu(await readText(path), { name: `${path}` })) {
      const words = [...text.matchAll(/\S+/g)].map((match) => ({ text: match[0], end: match.index + match[0].length }));
      const wordOf = rows.map(({ start }) => words.findIndex(({ end }) => start < end));
      if (model.tokenizer!.encode(text).ids.length > model.architecture.positionCount) {
        found.tooLong++;
        continue;
      }
      const sentence = {
        text: words.map((word) => word.text).join(' '),
        words: words.map((word): GrammarWord => ({ text: word.text, role: 'modifier', stem: word.text, head: null })),
        clauses: [],
      };
      for (const [relation, role] of [
        ['obj', 'object'],
        ['nsubj', 'subject'],
      ] as const)
        for (const [i, row] of rows.entries()) {
          const verb = row.head ?? -1;
          if (row.relation.split(':')[0] !== relation || rows[verb]?.tag !== 'VERB' || wordOf[i] === wordOf[verb])
            continue;
          const clause = {
            verb: wordOf[verb]!,
            frame: '',
            kind: 'transitive',
            form: 'final',
            roles: { [role]: wordOf[i]! },
          } as const;
          found[role].push({ sentence, clause });
        }
    }
  return found;
}
