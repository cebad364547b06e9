import { writeFileAtomically } from '../../platform/index.ts';
import type { ParameterSource } from '../architecture.ts';
import { fileTensors, type HostTensor } from '../parameters.ts';
import { writeSafetensors } from './safetensors.ts';

export interface SavedModel {
  readonly config: Readonly<Record<string, unknown>>;
  readonly sources: readonly ParameterSource[];
  readonly parameters: ReadonlyMap<string, HostTensor>;
  readonly tokenizer?: unknown;
}

/** The files of a model in Hugging Face layout, config.json last: a folder that has it is whole. */
export function modelFiles({ config, sources, parameters, tokenizer }: SavedModel): Map<string, Uint8Array> {
  const text = (value: unknown): Uint8Array => new TextEncoder().encode(`${JSON.stringify(value, null, 1)}\n`);
  return new Map([
    ['model.safetensors', writeSafetensors(fileTensors(sources, parameters), { format: 'pt' })],
    ...(tokenizer === undefined ? [] : [['tokenizer.json', text(tokenizer)] as const]),
    ['config.json', text(config)],
  ]);
}

/** Writes config.json, model.safetensors and tokenizer.json; each file appears whole or not at all, config.json last. */
export async function saveModel(folder: string, model: SavedModel): Promise<void> {
  for (const [name, bytes] of modelFiles(model)) await writeFileAtomically(`${folder}/${name}`, bytes);
}
