/** What was done to a run as it stands in the address: a letter for the kind, numbers, and words in a writing of their own. */
import { type Change, pasteStages } from '../engine/change.ts';

/** The address is read once as a whole, where commas and colons part the changes: words are written so that they survive it. */
const letters = (text: string): string => encodeURIComponent(encodeURIComponent(text.toWellFormed()));
function read(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const plain = (change: Change): string => {
  switch (change.kind) {
    case 'silence':
      return `s${change.layer}.${change.head}`;
    case 'temperature':
      return `t${change.layer}.${change.head}.${change.temperature}`;
    case 'cut':
      return `x${change.layer}.${change.head}.${change.queries.join('-')}.${change.keys.join('-')}`;
    case 'weight':
      return `w${change.layer}.${change.head}.${change.query}.${change.keys.join('-')}.${change.to}`;
    case 'drop':
      return `d${change.keys.join('-')}`;
    case 'paste': {
      const pairs = change.pairs.map((pair) => pair.join('-')).join('_');
      return `p${pasteStages.indexOf(change.stage)}.${change.layer}.${change.head}.${pairs}.${letters(change.from)}`;
    }
  }
};

export const writtenChange = (change: Change): string =>
  `${change.name ? `${letters(change.name)}:` : ''}${plain(change)}`;

/** How a change is written, by its letter; what is not written so is left out. */
const shapes: Readonly<Record<string, RegExp>> = {
  s: /^(\d{1,3})\.(\d{1,3})$/,
  t: /^(\d{1,3})\.(\d{1,3})\.(\d{1,3}(?:\.\d{1,4})?)$/,
  x: /^(\d{1,3})\.(\d{1,3})\.(\d{1,6})-(\d{1,6})\.(\d{1,6})-(\d{1,6})$/,
  w: /^(\d{1,3})\.(\d{1,3})\.(\d{1,6})\.(\d{1,6})-(\d{1,6})\.([01](?:\.\d{1,4})?)$/,
  d: /^(\d{1,6})-(\d{1,6})$/,
  p: /^(\d)\.(\d{1,3})\.(\d{1,3})\.(\d{1,6}-\d{1,6}(?:_\d{1,6}-\d{1,6})*)\.(.+)$/,
};

/** A change as it was written; none where it cannot be read. */
export function readChange(text: string): Change[] {
  const [, name, rest = ''] = /^(?:([^:]*):)?(.*)$/s.exec(text) ?? [];
  const named = name ? { name: read(name) } : {};
  return readPlain(rest).map((change) => ({ ...change, ...named }));
}

function readPlain(text: string): Change[] {
  const [kind = ''] = text;
  const found = shapes[kind]?.exec(text.slice(1));
  if (!found) return [];
  if (kind === 'p') return readPaste(found);
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = found.slice(1).map(Number);
  switch (kind) {
    case 's':
      return [{ kind: 'silence', layer: a, head: b }];
    case 't':
      return c > 0 ? [{ kind: 'temperature', layer: a, head: b, temperature: c }] : [];
    case 'x':
      return c <= d && e <= f ? [{ kind: 'cut', layer: a, head: b, queries: [c, d], keys: [e, f] }] : [];
    case 'w':
      return d <= e && f <= 1 ? [{ kind: 'weight', layer: a, head: b, query: c, keys: [d, e], to: f }] : [];
    default:
      return a <= b ? [{ kind: 'drop', keys: [a, b] }] : [];
  }
}

function readPaste([, stage, layer, head, pairs = '', from = '']: RegExpExecArray): Change[] {
  const name = pasteStages[Number(stage)];
  if (!name) return [];
  const list = pairs.split('_').map((pair) => pair.split('-').map(Number) as [number, number]);
  return [{ kind: 'paste', stage: name, layer: Number(layer), head: Number(head), pairs: list, from: read(from) }];
}
