/** Several texts as one run, and the stages of that run as each text's own. */
import type { Edit, Probe, StageName } from '../attention/index.ts';
import { SiseonError } from '../platform/index.ts';
import type { Tensor } from '../tensor/index.ts';
import type { Architecture, Classifier, Stack } from './architecture.ts';
import type { KeyValueCache } from './cache.ts';
import { checkEdits } from './checkEdits.ts';
import type { Ids } from './continued.ts';
import { changed, changesOf, positionsAt, type RunLengths } from './edits.ts';
import { classifiedRow } from './heads.ts';
import type { Batch, StageListener } from './transformer.ts';

/**
 * Positions whose logits are asked for. A row is vocabulary × 4 bytes and as much work as its products, so a long text asks
 * for those that it shows; a row has the same bytes whichever others are asked for.
 */
export type LogitRows = 'all' | 'last' | 'none' | readonly number[];

export interface RunOptions {
  /** What the decoder of an encoder-decoder reads. */
  readonly decoderIds?: Int32Array;
  /** Segment of each token; absent: all 0. */
  readonly tokenTypes?: Int32Array;
  /** Which positions' logits are computed (of an encoder-decoder: the decoder's); all of them unless said. */
  readonly logits?: LogitRows;
  readonly cache?: KeyValueCache;
  /**
   * Called as each layer begins (of an encoder-decoder, of both stacks): how many are done, and how many there are. What it
   * throws ends the run: a run is one stretch of computing, in which no event is heard.
   */
  readonly onLayer?: (done: number, total: number) => void;
  /** Stages that the probe is handed; absent: those that a trace keeps. `mixed` may be asked for as well. */
  readonly wanted?: (name: StageName) => boolean;
}

/** One text of a batch. */
export interface TextRun extends RunOptions {
  readonly ids: Int32Array;
  readonly probe?: Probe;
  readonly edits?: readonly Edit[];
}

export interface RunResult {
  /** Last hidden states [position, hidden]; of an encoder-decoder the decoder's. */
  readonly hidden: Float32Array;
  /** [position, vocabulary], of the positions asked for; null where the model has no head or none are. */
  readonly logits: Float32Array | null;
  /** The labels' scores [labels], or [position, labels] of a token classifier. */
  readonly classes: Float32Array | null;
}

/** Rows of ids, padded with 0 to the longest; `lengths` where they differ. */
function padded(rows: readonly Int32Array[]): Ids {
  const length = Math.max(...rows.map((row) => row.length));
  const ids = new Int32Array(rows.length * length);
  for (const [b, row] of rows.entries()) ids.set(row, b * length);
  if (rows.every((row) => row.length === length)) return { ids, length };
  return { ids, length, lengths: Int32Array.from(rows, (row) => row.length) };
}

/** How many positions a run's stacks read. */
export const lengthsOf = ({ ids, decoderIds }: TextRun): RunLengths => ({
  ids: ids.length,
  ...(decoderIds && { decoderIds: decoderIds.length }),
});

/** Rows that one text of a batch takes in a stage, its padding among them. */
export const rowsOf = (name: StageName, { length, decoder }: Batch): number =>
  positionsAt(name, { ids: length, ...(decoder && { decoderIds: decoder.length }) });

/** New tokens of texts that go on from their caches, in one row. */
function endToEnd(rows: readonly Int32Array[], caches: readonly KeyValueCache[]): Ids {
  const ids = Int32Array.from(rows.flatMap((row) => [...row]));
  let first = 0;
  const continued = rows.map((row, b) => {
    const one = { first, count: row.length, cache: caches[b]! };
    first += row.length;
    return one;
  });
  return { ids, length: ids.length, continued };
}

/** The texts as the transformer takes them: side by side, or end to end where they go on from caches. */
export function batchOf(texts: readonly TextRun[], a: Architecture): Batch {
  const caches = cachesOf(texts);
  const placed = (rows: readonly Int32Array[]): Ids => (caches ? endToEnd(rows, caches) : padded(rows));
  const rows = texts.map(({ ids }) => ids);
  if (a.encoder)
    return { batch: texts.length, ...padded(rows), decoder: placed(texts.map(({ decoderIds }) => decoderIds!)) };
  const types = texts.some(({ tokenTypes }) => tokenTypes)
    ? placed(texts.map(({ ids, tokenTypes }) => tokenTypes ?? new Int32Array(ids.length))).ids
    : null;
  return { batch: caches ? 1 : texts.length, ...placed(rows), ...(types && { tokenTypes: types }) };
}

/** The texts' caches, null where they have none. Throws `cacheAlone`. */
export function cachesOf(texts: readonly TextRun[]): readonly KeyValueCache[] | null {
  const caches = texts.flatMap(({ cache }) => cache ?? []);
  if (caches.length === 0) return null;
  if (new Set(caches).size === texts.length && texts.every(({ edits = [] }) => edits.length === 0)) return caches;
  throw new SiseonError({
    code: 'cacheAlone',
    kind: 'usage',
    what: 'a cache goes with one text that nothing is changed in',
    next: 'Give every text of the run a cache of its own, or run them, or edits, without caches.',
  });
}

/** Which rows are a text's: the first, and how many. */
export function rowsOfText({ length, lengths, continued }: Ids, b: number): readonly [first: number, count: number] {
  const own = continued?.[b];
  return own ? [own.first, own.count] : [b * length, lengths?.[b] ?? length];
}

/** Makes each text's edits, and hands each text's probe its own rows of every stage. */
export function stageListener(
  a: Architecture,
  batch: Batch,
  texts: readonly TextRun[],
  read: (x: Tensor) => Promise<Float32Array>,
): StageListener {
  const layers = a.layerCount + (a.encoder?.layerCount ?? 0);
  let done = 0;
  return (name, computed, o) => {
    if (/layers\.\d+\.input$/.test(name)) {
      for (const { onLayer } of texts) onLayer?.(done, layers);
      done++;
    }
    const x = texts.reduce(
      (y, text, b) => changed(o, y, changesOf(text.edits ?? [], name, a, lengthsOf(text)), b * rowsOf(name, batch)),
      computed,
    );
    const kept = !name.endsWith('.mixed');
    const probes = texts.map(({ probe, wanted }) => ((wanted ? wanted(name) : kept) ? probe : undefined));
    if (probes.every((probe) => !probe)) return x;
    const { heads, ids } = layout(name, a, batch);
    const values = read(x);
    const [total = 0, width = 0] = x.shape;
    for (const [b, probe] of probes.entries()) {
      const [begin, length] = ids ? rowsOfText(ids, b) : [0, total];
      // Distances of a shorter text are the middle ones of the longest one's.
      const shorter = (total + 1) / 2 - (ids?.continued?.[b]?.cache.length ?? 0) - length;
      const [first, count] = name.endsWith('relativeBias') ? [shorter, total - 2 * shorter] : [begin, length];
      const own = (data: Float32Array): Float32Array => data.subarray(first * width, (first + count) * width);
      if (heads === 0)
        probe?.(
          name,
          [count, width],
          values.then((data) => own(data).slice()),
        );
      else {
        const shape = name.endsWith('relativeBias') ? [heads, count] : [heads, count, width / heads];
        probe?.(
          name,
          shape,
          values.then((data) => headsFirst(own(data), count, heads)),
        );
      }
    }
    return x;
  };
}

/** How a stage lies: its heads (0: none), and whose positions its rows are (null: of no text). */
function layout(name: StageName, a: Architecture, batch: Batch): { heads: number; ids: Ids | null } {
  const stack: Stack = name.startsWith('encoder.') ? a.encoder! : a;
  const stage = name.split('.').at(-1)!;
  if (stage === 'positionKey' || stage === 'positionQuery') return { heads: stack.headCount, ids: null };
  const crossed = /\.cross\.(key|value)$/.test(name);
  const ids = name.startsWith('decoder.') && !crossed ? batch.decoder! : batch;
  if (stage === 'query' || stage === 'mixed' || stage === 'relativeBias') return { heads: stack.headCount, ids };
  return { heads: stage === 'key' || stage === 'value' ? stack.keyValueHeadCount : 0, ids };
}

/** (position, head · size) → [head, position, size]. */
export function headsFirst(data: Float32Array, positions: number, heads: number): Float32Array {
  const size = data.length / positions / heads;
  const out = new Float32Array(data.length);
  for (let i = 0; i < positions; i++)
    for (let h = 0; h < heads; h++)
      out.set(data.subarray((i * heads + h) * size, (i * heads + h + 1) * size), (h * positions + i) * size);
  return out;
}

/** Throws `emptyText`, `textTooLong`, `idOutOfRange`, `noEndToken`, `badTokenTypes`, `tokenOutOfRange` and `badEdit`; `past` tokens stand before these. */
export function checkText(text: TextRun, a: Architecture, past: number): void {
  const { ids, decoderIds, tokenTypes, edits = [] } = text;
  if (a.encoder) {
    checkIds(ids, a.encoder.positionCount, a.vocabularySize);
    checkIds(decoderIds ?? new Int32Array(0), a.positionCount - past, a.vocabularySize);
    if (a.classifier?.of === 'end') checkClassified(a.classifier, ids, decoderIds!);
  } else checkIds(ids, a.positionCount - past, a.vocabularySize);
  if (tokenTypes) checkTokenTypes(tokenTypes, ids.length, a.tokenTypeCount);
  if (Array.isArray(text.logits)) checkPositions(text.logits, (a.encoder ? decoderIds! : ids).length);
  checkEdits(edits, a, lengthsOf(text));
}

/** Throws `emptyText`, `textTooLong` and `idOutOfRange`. */
function checkIds(ids: Int32Array, positions: number, vocabularySize: number): void {
  if (ids.length === 0)
    throw new SiseonError({
      code: 'emptyText',
      kind: 'usage',
      what: 'there is no text to look at',
      next: 'Give at least one word.',
    });
  if (ids.length > positions)
    throw new SiseonError({
      code: 'textTooLong',
      kind: 'usage',
      what: 'the text is longer than the model can read',
      expected: `at most ${positions} tokens`,
      got: `${ids.length}`,
      next: 'Shorten the text.',
      details: { tokens: ids.length, positions },
    });
  const bad = ids.find((id) => id < 0 || id >= vocabularySize);
  if (bad !== undefined)
    throw new SiseonError({
      code: 'idOutOfRange',
      kind: 'usage',
      what: 'a token id is not in the vocabulary',
      expected: `0 to ${vocabularySize - 1}`,
      got: `${bad}`,
    });
}

/** Throws `tokenOutOfRange` for what is none of a text's positions. */
export function checkPositions(positions: readonly number[], length: number): void {
  const wrong = positions.find((position) => !(Number.isInteger(position) && position >= 0 && position < length));
  if (wrong === undefined) return;
  throw new SiseonError({
    code: 'tokenOutOfRange',
    kind: 'usage',
    what: `there is no token ${wrong}`,
    expected: `0 to ${length - 1}`,
    got: `${wrong}`,
  });
}

/** A text that is told by its end token is read by both stacks: throws `noEndToken`, and `differentLengths`. */
function checkClassified(classifier: Classifier, ids: Int32Array, decoderIds: Int32Array): void {
  classifiedRow(classifier, ids);
  if (decoderIds.length === ids.length) return;
  throw new SiseonError({
    code: 'differentLengths',
    kind: 'usage',
    what: 'this classifier’s decoder reads the text that its encoder reads, one token behind',
    expected: `${ids.length} tokens`,
    got: `${decoderIds.length}`,
    next: 'Leave what the decoder reads unsaid.',
    details: { lengths: [ids.length, decoderIds.length] },
  });
}

/** Throws `badTokenTypes` unless there is one of the model's segments for each token. */
function checkTokenTypes(types: Int32Array, length: number, count: number): void {
  if (types.length === length && types.every((type) => type >= 0 && type < count)) return;
  throw new SiseonError({
    code: 'badTokenTypes',
    kind: 'usage',
    what: 'the segments do not fit the text',
    expected: count === 0 ? 'none: the model has no segments' : `${length} numbers from 0 to ${count - 1}`,
    got: [...types].join(', '),
  });
}
