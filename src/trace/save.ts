/** A trace as a file: safetensors, npz, JSON or Parquet, by the stages' names. See docs/formats.md. */
import { type Model, writeNpz, writeSafetensors } from '../model/index.ts';
import type { Stage } from './stage.ts';
import { stages, traceStages } from './stages.ts';
import type { Trace } from './trace.ts';

export type TraceFormat = 'safetensors' | 'npz' | 'json' | 'parquet';

/**
 * The bytes of a file with the stages named (`all`: every one) and the token ids.
 * safetensors and JSON also carry text, tokens, spans and the model's name and fingerprint. Throws `noStage`.
 */
export async function saveTrace(
  trace: Trace,
  model: Model,
  options: { readonly stages: 'all' | readonly string[]; readonly format: TraceFormat },
): Promise<Uint8Array> {
  const names = options.stages === 'all' ? traceStages(trace) : options.stages;
  const chosen = await stages(trace, model, names);
  const description = describe(trace);
  if (options.format === 'safetensors') {
    const metadata = Object.fromEntries(
      Object.entries(description).map(([name, value]) => [
        name,
        typeof value === 'string' ? value : JSON.stringify(value),
      ]),
    );
    return writeSafetensors(
      [
        ...[...chosen].map(([name, stage]) => ({ name, ...stage })),
        { name: 'ids', shape: [trace.ids.length], data: trace.ids },
      ],
      metadata,
    );
  }
  if (options.format === 'parquet') return parquet(trace, chosen);
  if (options.format === 'npz')
    return writeNpz([
      ...[...chosen].map(([name, stage]) => ({ name, ...stage })),
      { name: 'ids', shape: [trace.ids.length], data: trace.ids },
    ]);
  const json = {
    ...description,
    ids: [...trace.ids],
    stages: Object.fromEntries(
      [...chosen].map(([name, stage]) => [name, { shape: stage.shape, data: jsonNumbers(stage) }]),
    ),
  };
  return new TextEncoder().encode(JSON.stringify(json));
}

/** JSON has no −∞: masked cells are null, as the format's description says. */
const jsonNumbers = ({ data }: Stage): (number | null)[] =>
  Array.from(data, (number) => (number === -Infinity ? null : number));

function describe({ model, encoding, edits }: Trace): Record<string, unknown> {
  const about = {
    model: model.name,
    fingerprint: model.fingerprint,
    ...(edits.length > 0 && { edits }),
  };
  if (!encoding) return about;
  const tokens = encoding.tokens.map(({ piece, start, end, word, special }) => ({ piece, start, end, word, special }));
  const words = encoding.words.map(({ text, start, end }) => ({ text, start, end }));
  return { ...about, text: encoding.text, tokens, words };
}

/** A row a number: stage, and its place by axis (an axis that the stage does not have is null). */
async function parquet(trace: Trace, chosen: ReadonlyMap<string, Stage>): Promise<Uint8Array> {
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
    const [rows = 1, width = 1] = shape.length === 1 ? [shape[0], 1] : shape.slice(-2);
    for (let at = 0; at < data.length; at++, row++) {
      stage[row] = name;
      head[row] = shape.length === 3 ? Math.floor(at / (rows * width)) : null;
      position[row] = Math.floor(at / width) % rows;
      index[row] = shape.length === 1 ? null : at % width;
      tokens[row] = trace.encoding?.tokens[position[row]!]?.text ?? null;
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
    }),
  );
}
