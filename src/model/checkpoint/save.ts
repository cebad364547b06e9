import { writeFileAtomically } from '../../platform/index.ts';
import type { ParameterSource } from '../architecture.ts';
import { fileTensors, type HostTensor } from '../parameters.ts';
import { writeSafetensors } from './safetensors.ts';

/** Writes config.json, model.safetensors and tokenizer.json; each file appears whole or not at all, config.json last. */
export async function saveModel(
  folder: string,
  model: {
    readonly config: Readonly<Record<string, unknown>>;
    readonly sources: readonly ParameterSource[];
    readonly parameters: ReadonlyMap<string, HostTensor>;
    readonly tokenizer?: unknown;
  },
): Promise<void> {
  const text = (value: unknown): Uint8Array => new TextEncoder().encode(`${JSON.stringify(value, null, 1)}\n`);
  await writeFileAtomically(
    `${folder}/model.safetensors`,
    writeSafetensors(fileTensors(model.sources, model.parameters), { format: 'pt' }),
  );
  if (model.tokenizer !== undefined) await writeFileAtomically(`${folder}/tokenizer.json`, text(model.tokenizer));
  await writeFileAtomically(`${folder}/config.json`, text(model.config));
}
