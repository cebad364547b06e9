/** Real sentences: Universal Dependencies treebanks in CoNLL-U (universaldependencies.org/format.html). */
import type { Model } from 'siseon/model';
import { readText } from 'siseon/platform';
import type { GrammarWord } from '../grammar/sentence.ts';
import type { Probe } from '../heads.ts';

interface Row {
  readonly form: string;
  readonly tag: string;
  readonly head: number;
  readonly relation: string;
  readonly spaceAfter: boolean;
}

/** Sentences of a file: their rows, by their numbers less 1. Ranges (1-2) and empty nodes (1.1) are left out. */
async function sentences(path: string | URL): Promise<Row[][]> {
  return (await readText(path)).split(/\n\n+/).flatMap((block) => {
    const rows = block
      .split('\n')
      .filter((line) => /^\d+\t/.test(line))
      .map((line): Row => {
        const [, form = '', , tag = '', , , head = '', relation = '', , misc = ''] = line.split('\t');
        return {
          form,
          tag,
          head: Number(head) - 1,
          relation: relation.split(':')[0]!,
          spaceAfter: !/SpaceAfter=No/.test(misc),
        };
      });
    return rows.length > 0 ? [rows] : [];
  });
}

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
    for (const rows of await sentences(path)) {
      const words: { text: string }[] = [];
      const wordOf: number[] = [];
      let open = false;
      for (const { form, spaceAfter } of rows) {
        if (open) words.at(-1)!.text += form;
        else words.push({ text: form });
        wordOf.push(words.length - 1);
        open = !spaceAfter;
      }
      const text = words.map((word) => word.text).join(' ');
      if (words.some((word) => /\s/.test(word.text))) continue;
      if (model.tokenizer!.encode(text).ids.length > model.architecture.positionCount) {
        found.tooLong++;
        continue;
      }
      const sentence = {
        text,
        words: words.map((word): GrammarWord => ({ ...word, role: 'modifier', stem: word.text, head: null })),
        clauses: [],
      };
      for (const [relation, role] of [
        ['obj', 'object'],
        ['nsubj', 'subject'],
      ] as const)
        for (const [i, row] of rows.entries()) {
          const verb = row.head;
          if (row.relation !== relation || rows[verb]?.tag !== 'VERB' || wordOf[i] === wordOf[verb]) continue;
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
