/** A trace as a file: safetensors, npz or JSON, by the stages' names. See docs/formats.md. */
import { type Model, writeNpz, writeSafetensors } from '../model/index.ts';
import type { Stage } from './stage.ts';
import { stages, type Trace, traceStages } from './trace.ts';

export type TraceFormat = 'safetensors' | 'npz' | 'json';

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
