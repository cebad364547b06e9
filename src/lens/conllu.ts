/** Sentences with their grammar: CoNLL-U (universaldependencies.org/format.html), read strictly. */
import { SiseonError } from '../platform/index.ts';

/** A syntactic word. Its span is that of the surface token it belongs to: words of one contraction share theirs. */
export interface TreeWord {
  readonly index: number;
  readonly form: string;
  /** UPOS, such as `VERB`. */
  readonly tag: string;
  /** Index of the head in the sentence; null for the root. */
  readonly head: number | null;
  /** As written, subtype included: `nsubj:pass`. */
  readonly relation: string;
  /** UTF-16 units of the sentence's text. */
  readonly start: number;
  readonly end: number;
  /** Line of the file, counted from 1 as editors do. */
  readonly line: number;
}

export interface TreeSentence {
  /** `# sent_id`, or `line N`. */
  readonly id: string;
  /** `# text`; where there is none, the forms with the spaces that MISC says. */
  readonly text: string;
  readonly words: readonly TreeWord[];
  readonly line: number;
}

interface Draft {
  id: string | null;
  text: string | null;
  line: number;
  words: Omit<TreeWord, 'start' | 'end'>[];
  /** Empty nodes since the last word. */
  empty: number;
  /** Surface tokens: how many words each covers, and whether a space follows. */
  surfaces: { form: string; first: number; last: number; space: boolean; line: number }[];
}

/**
 * All sentences of a file, the last one too closed by an empty line, as the format demands. Ranges (1-2) give their words
 * one span; empty nodes (1.1) belong to the enhanced graph and are passed over. Throws `badTreebank` with `details.line`: a
 * line of other than ten fields, ids out of order, a head that is not there, none or several roots, a circle of heads, words
 * that do not spell the sentence's text, a last sentence that is not closed.
 */
export function readConllu(content: string, { name = 'treebank' }: { readonly name?: string } = {}): TreeSentence[] {
  const sentences: TreeSentence[] = [];
  let draft: Draft | null = null;
  const finish = (): void => {
    if (draft && (draft.words.length > 0 || draft.text !== null)) sentences.push(whole(draft, name));
    draft = null;
  };
  const lines = content.replace(/^\ufeff/, '').split('\n');
  // What follows the last line's end is no line.
  if (lines.at(-1) === '') lines.pop();
  for (const [at, raw] of lines.entries()) {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    const number = at + 1;
    if (line.trim() === '') {
      finish();
      continue;
    }
    draft ??= { id: null, text: null, line: number, words: [], empty: 0, surfaces: [] };
    if (line.startsWith('#')) comment(draft, line, number, name);
    else row(draft, line.split('\t'), number, name);
  }
  if (draft) {
    finish();
    throw broken(
      name,
      lines.length,
      'the last sentence is not closed',
      'an empty line behind it',
      'the end of the file',
    );
  }
  return sentences;
}

const broken = (name: string, line: number, what: string, expected: string, got: string): SiseonError =>
  new SiseonError({
    code: 'badTreebank',
    kind: 'failure',
    what: `${name}, line ${line}: ${what}`,
    expected,
    got,
    next: 'The format stands at universaldependencies.org/format.html.',
    details: { file: name, line, problem: what },
  });

function comment(draft: Draft, line: string, number: number, name: string): void {
  if (draft.words.length > 0)
    throw broken(name, number, 'a comment among the words', 'comments before the first word', line.slice(0, 40));
  const [, field, value = ''] = /^#\s*(sent_id|text)\s*=\s?(.*)$/.exec(line) ?? [];
  if (field === 'sent_id') draft.id = value;
  if (field === 'text') draft.text = value;
}

function row(draft: Draft, fields: readonly string[], line: number, name: string): void {
  if (fields.length !== 10)
    throw broken(name, line, 'the wrong number of fields', '10, with tabs between', `${fields.length}`);
  const [id = '', form = '', , tag = '', , , head = '', relation = '', , misc = ''] = fields;
  const count = draft.words.length;
  if (/^\d+\.\d+$/.test(id)) {
    if (id !== `${count}.${++draft.empty}`)
      throw broken(name, line, 'an empty node out of order', `${count}.${draft.empty}`, id);
    return;
  }
  const space = !misc.split('|').includes('SpaceAfter=No');
  if (form === '') throw broken(name, line, 'a word without a form', 'a form in the second field', 'nothing');
  const [, from, to] = /^(\d+)-(\d+)$/.exec(id) ?? [];
  if (from !== undefined) {
    if (Number(from) !== count + 1 || Number(to) < Number(from) || covered(draft) > count)
      throw broken(name, line, 'a range out of order', `a range from ${count + 1}`, id);
    draft.surfaces.push({ form, first: count, last: Number(to) - 1, space, line });
    return;
  }
  if (id !== `${count + 1}`) throw broken(name, line, 'an id out of order', `${count + 1}`, id || 'nothing');
  if (!/^\d+$/.test(head))
    throw broken(name, line, 'the head is no number', '0 or the id of a word', head || 'nothing');
  if (!/^[^\s]+$/.test(relation) || relation === '_')
    throw broken(name, line, 'no relation', 'a relation in the eighth field', relation || 'nothing');
  draft.empty = 0;
  draft.words.push({ index: count, form, tag, head: head === '0' ? null : Number(head) - 1, relation, line });
  if (covered(draft) <= count) draft.surfaces.push({ form, first: count, last: count, space, line });
}

/** How many words the surface tokens so far cover. */
const covered = ({ surfaces }: Draft): number => (surfaces.at(-1)?.last ?? -1) + 1;

function whole(draft: Draft, name: string): TreeSentence {
  const { words, surfaces, line } = draft;
  if (words.length === 0) throw broken(name, line, 'a sentence without words', 'at least one word', 'comments alone');
  if (covered(draft) !== words.length)
    throw broken(
      name,
      surfaces.at(-1)!.line,
      'a range that ends after the last word',
      `${words.length}`,
      `${covered(draft)}`,
    );
  checkHeads(draft, name);
  const text =
    draft.text ??
    surfaces
      .map(({ form, space }) => form + (space ? ' ' : ''))
      .join('')
      .trimEnd();
  const spans: { start: number; end: number }[] = [];
  let cursor = 0;
  for (const { form, first, last, line: at } of surfaces) {
    while (/\s/.test(text[cursor] ?? '')) cursor++;
    if (!text.startsWith(form, cursor))
      throw broken(name, at, 'the words do not spell the text', `"${form}"`, `"${text.slice(cursor, cursor + 20)}"`);
    for (let i = first; i <= last; i++) spans.push({ start: cursor, end: cursor + form.length });
    cursor += form.length;
  }
  if (text.slice(cursor).trim() !== '')
    throw broken(
      name,
      line,
      'the words do not spell the text',
      'its end',
      `"${text.slice(cursor).trim().slice(0, 20)}" left over`,
    );
  return { id: draft.id ?? `line ${line}`, text, line, words: words.map((word, i) => ({ ...word, ...spans[i]! })) };
}

function checkHeads({ words, id, line }: Draft, name: string): void {
  const roots = words.filter(({ head }) => head === null);
  if (roots.length !== 1)
    throw broken(
      name,
      (roots[1] ?? words[0]!).line,
      `a sentence with other than one root (${id ?? `line ${line}`})`,
      '1',
      `${roots.length}`,
    );
  for (const word of words) {
    if (word.head !== null && (word.head >= words.length || word.head === word.index))
      throw broken(
        name,
        word.line,
        'a head that is not there',
        `0 to ${words.length}, not the word itself`,
        `${word.head + 1}`,
      );
    let steps = 0;
    for (let at: number | null = word.index; at !== null && steps <= words.length; at = words[at]?.head ?? null)
      steps++;
    if (steps > words.length) throw broken(name, word.line, 'heads that lead round in a circle', 'a tree', word.form);
  }
}
