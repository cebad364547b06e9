/** A checkpoint in Hugging Face layout: config.json, model.safetensors, and tokenizer.json where there is one. */

import type { Kernels } from '../../kernels/index.ts';
import { fileExists, readFile, readText, SiseonError, writeFileAtomically } from '../../platform/index.ts';
import type { ParameterSource } from '../architecture.ts';
import { readConfig } from '../families/index.ts';
import { Model, type ModelMetadata } from '../model.ts';
import { fileTensors, type HostTensor, takeParameters } from '../parameters.ts';
import { Tokenizer } from '../tokenizer.ts';
import { readSafetensors, writeSafetensors } from './safetensors.ts';

/**
 * Loads a model from a folder. Throws `noConfig`, `badJson`, and what readConfig, readSafetensors,
 * takeParameters and Tokenizer throw; nothing is repaired.
 */
export async function loadModel(
  folder: string | URL,
  options: { name?: string; kernels?: Kernels; ignoreFields?: readonly string[] } = {},
): Promise<Model> {
  const path = (file: string): string | URL =>
    folder instanceof URL
      ? new URL(file, folder.href.endsWith('/') ? folder : `${folder.href}/`)
      : `${folder.replace(/\/+$/, '')}/${file}`;
  if (!(await fileExists(path('config.json'))))
    throw new SiseonError({
      code: 'noConfig',
      kind: 'failure',
      what: `${decodeURIComponent(String(folder))} is no model`,
      expected: 'a folder with config.json and model.safetensors',
      got: 'no config.json',
      next: 'Give the folder of a checkpoint in Hugging Face layout.',
    });
  const config = await readJson(path('config.json'));
  const { family, architecture } = readConfig(config, options);
  const file = path('model.safetensors');
  const { tensors } = readSafetensors(await readFile(file), decodeURIComponent(String(file)));
  const floats = new Map<string, HostTensor>();
  for (const [name, { shape, data }] of tensors)
    floats.set(name, { shape, data: data instanceof Float32Array ? data : Float32Array.from(data) });
  const parameters = takeParameters(family, family.parameters(architecture, new Set(floats.keys())), floats);
  const tokenizer = (await fileExists(path('tokenizer.json')))
    ? Tokenizer.fromJson(await readJson(path('tokenizer.json')))
    : null;
  if (tokenizer && tokenizer.vocabularySize > architecture.vocabularySize)
    throw new SiseonError({
      code: 'tokenizerDoesNotFit',
      kind: 'failure',
      what: 'tokenizer.json has more tokens than the model',
      expected: `at most ${architecture.vocabularySize}`,
      got: `${tokenizer.vocabularySize}`,
      next: 'Use the tokenizer that belongs to this checkpoint.',
    });
  const metadata = (config.siseon ?? {}) as ModelMetadata;
  const name = options.name ?? decodeURIComponent(String(folder)).replace(/\/+$/, '').split('/').at(-1) ?? 'model';
  return Model.create({ name, family, architecture, tokenizer, metadata, parameters }, options.kernels);
}

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

async function readJson(path: string | URL): Promise<Record<string, unknown>> {
  const text = await readText(path);
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    throw new SiseonError({
      code: 'badJson',
      kind: 'failure',
      what: `${decodeURIComponent(String(path))} is not JSON`,
      got: error instanceof Error ? error.message : String(error),
      next: 'The file is damaged; fetch it again.',
    });
  }
}
