/** A trace as a table, a row a number, and the weights read back from one. */
import type { NpyArray } from '../model/index.ts';
import { positionsAt } from '../model/index.ts';
import { SiseonError } from '../platform/index.ts';
import type { Stage } from './stage.ts';
import type { Trace } from './trace.ts';

/** Of an encoder-decoder, whether a stage's rows are the decoder's positions. */
const ofDecoder = (stage: string): boolean => stage === 'logits' || positionsAt(stage, { ids: 0, decoderIds: 1 }) === 1;

/** A row a number: stage, and its place by axis (an axis that the stage does not have is null); `description` as the file's own metadata. */
export async function writeParquet(
  trace: Trace,
  chosen: ReadonlyMap<string, Stage>,
  description: Readonly<Record<string, string>>,
): Promise<Uint8Array> {
  const count = [...chosen.values()].reduce((sum, { data }) => sum + data.length, 0);
  const [stage, tokens] = [new Array<string>(count), new Array<string | null>(count)];
  const [head, position, index] = [0, 1, 2].map(() => new Array<number | null>(count)) as [
    (number | null)[],
    (number | null)[],
    (number | null)[],
  ];
  const value = new Float32Array(count);
  let row = 0;
  for (const [name, { shape, data }] of chosen) {
    const encoding = trace.decoderIds && ofDecoder(name) ? trace.decoderEncoding : trace.encoding;
    const [rows = 1, width = 1] = shape.length === 1 ? [shape[0], 1] : shape.slice(-2);
    for (let at = 0; at < data.length; at++, row++) {
      stage[row] = name;
      head[row] = shape.length === 3 ? Math.floor(at / (rows * width)) : null;
      position[row] = Math.floor(at / width) % rows;
      index[row] = shape.length === 1 ? null : at % width;
      tokens[row] = encoding?.tokens[position[row]!]?.text ?? null;
      value[row] = data[at]!;
    }
  }
  const { parquetWriteBuffer } = await import('hyparquet-writer');
  return new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        { name: 'stage', data: stage, type: 'STRING' },
        { name: 'head', data: head, type: 'INT32', nullable: true },
        { name: 'position', data: position, type: 'INT32' },
        { name: 'index', data: index, type: 'INT32', nullable: true },
        { name: 'token', data: tokens, type: 'STRING', nullable: true },
        { name: 'value', data: value, type: 'FLOAT' },
      ],
      kvMetadata: Object.entries(description).map(([key, value]) => ({ key, value })),
    }),
  );
}

/** What a file holds of attention: weights by their stage; the tokens of the rows and the run's edits, as JSON. */
export interface ReadParquet {
  readonly arrays: Map<string, NpyArray>;
  readonly metadata: { readonly tokens: string; readonly decoder: string; readonly edits: string };
}

/**
 * Weights of a table that `writeParquet` wrote; other stages are named, and not built.
 * Throws `badParquet`.
 */
export async function readParquet(bytes: Uint8Array, path: string): Promise<ReadParquet> {
  const { stage, head, position, index, token, value, edits } = await tableOf(bytes, path);
  const arrays = new Map<string, NpyArray>();
  const texts: Record<'tokens' | 'decoder', unknown[]> = { tokens: [], decoder: [] };
  for (let row = 0; row < stage.length; ) {
    const name = `${stage[row]}`;
    let end = row;
    while (end < stage.length && stage[end] === name) end++;
    const tokens = texts[ofDecoder(name) ? 'decoder' : 'tokens'];
    for (let at = row; at < end; at++) tokens[Number(position[at])] ??= token[at];
    if (arrays.has(name)) throw badParquet(path, `${name} in rows that do not follow one another`);
    arrays.set(name, name.endsWith('weights') ? squareOf(row, end) : { shape: [0], data: new Float32Array() });
    row = end;
  }
  const listed = (list: readonly unknown[]): readonly unknown[] | null =>
    list.length > 0 && Array.from(list).every((one) => typeof one === 'string') ? list : null;
  return {
    arrays,
    metadata: {
      tokens: JSON.stringify(listed(texts.tokens)),
      decoder: JSON.stringify({ tokens: listed(texts.decoder) }),
      edits,
    },
  };

  /** [head, query, key], from the rows of a stage in their order. */
  function squareOf(from: number, end: number): NpyArray {
    const [heads, queries, keys] = [head, position, index].map((axis) => Number(axis[end - 1]) + 1) as [
      number,
      number,
      number,
    ];
    const refuse = (row: number): SiseonError =>
      badParquet(path, `row ${row} of ${stage[from]} is not the weight that comes next`);
    if (heads * queries * keys !== end - from) throw refuse(end - 1);
    const data = new Float32Array(end - from);
    for (let n = 0; n < data.length; n++) {
      const row = from + n;
      const place = (Number(head[row]) * queries + Number(position[row])) * keys + Number(index[row]);
      if (place !== n || typeof value[row] !== 'number') throw refuse(row);
      data[n] = value[row];
    }
    return { shape: [heads, queries, keys], data };
  }
}

const columns = ['stage', 'head', 'position', 'index', 'token', 'value'] as const;
type Table = Readonly<Record<(typeof columns)[number], readonly unknown[]>> & { readonly edits: string };

async function tableOf(bytes: Uint8Array, path: string): Promise<Table> {
  const { parquetMetadata, parquetRead, parquetSchema } = await import('hyparquet');
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  const read: Record<string, unknown[]> = Object.fromEntries(columns.map((name) => [name, []]));
  let edits: string | undefined;
  try {
    const metadata = parquetMetadata(file);
    edits = metadata.key_value_metadata?.find(({ key }) => key === 'edits')?.value;
    const there = parquetSchema(metadata).children.map(({ element }) => element.name);
    const missing = columns.filter((name) => !there.includes(name));
    if (missing.length > 0) throw badParquet(path, `no column ${missing.join(', ')}`);
    await parquetRead({
      file,
      metadata,
      columns: [...columns],
      onChunk: ({ columnName, columnData }) => {
        for (const one of columnData) read[columnName]!.push(one);
      },
    });
  } catch (cause) {
    if (cause instanceof SiseonError) throw cause;
    throw badParquet(path, cause instanceof Error ? cause.message : String(cause), cause);
  }
  return { ...(read as unknown as Omit<Table, 'edits'>), edits: edits ?? 'null' };
}

const badParquet = (path: string, problem: string, cause?: unknown): SiseonError =>
  new SiseonError({
    code: 'badParquet',
    kind: 'failure',
    what: `${path} is not a trace as Parquet`,
    expected: 'columns stage, head, position, index, token and value, a row a number in their order',
    got: problem,
    next: 'Save one with siseon trace TEXT --save FILE.parquet.',
    details: { file: path, problem },
    cause,
  });
