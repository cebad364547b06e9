/** From a place with a checkpoint to a model: everything accounted for, or refused. */
import type { Kernels } from '../../kernels/index.ts';
import { diskFolder, type Folder, networkFolder, SiseonError } from '../../platform/index.ts';
import { readConfig } from '../families/index.ts';
import { Model, type ModelMetadata } from '../model.ts';
import { checkParameters, takeParameters } from '../parameters.ts';
import type { Tokenizer } from '../tokenizer.ts';
import { checkMemory } from './memory.ts';
import { parameterFiles } from './parameterFiles.ts';
import { readFolderJson, readTokenizer } from './readTokenizer.ts';
import { type CheckpointTensors, elementCount } from './tensors.ts';

export interface LoadOptions {
  readonly name?: string;
  readonly kernels?: Kernels;
  /** Fields of config.json that are known to change no number, beside those that every family has. */
  readonly ignoreFields?: readonly string[];
  /** `none`: the model is given ids alone, and a tokenizer that cannot be read is no obstacle. */
  readonly tokenizer?: 'needed' | 'none';
  /** Called with bytes of parameters read, and in all. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** What a checkpoint's files say, whatever their format. */
interface Checkpoint {
  readonly config: Record<string, unknown>;
  /** Bytes of the files that hold the parameters. */
  readonly fileBytes: number;
  readonly open: () => Promise<CheckpointTensors>;
  readonly tokenizer: () => Promise<Tokenizer | null>;
}

/**
 * Loads a model: from a folder on disk or a .gguf file (a path or file: address), from an address, or from any Folder
 * (dropped files). Throws `noConfig`, `badJson`, `noParameters`, `modelTooLarge`, `parametersDoNotFit`, and what
 * readConfig and the files' own formats throw; nothing is repaired.
 */
export async function loadModel(where: string | URL | Folder, options: LoadOptions = {}): Promise<Model> {
  const { folder, file } = placeOf(where);
  try {
    const gguf = file ?? (await onlyGguf(folder));
    const checkpoint = gguf === null ? await layout(folder) : await ggufFile(folder, gguf);
    const name = options.name ?? (gguf ?? folder.name).split('/').at(-1) ?? 'model';
    return await build(checkpoint, name, options);
  } finally {
    await folder.close();
  }
}

function placeOf(where: string | URL | Folder): { folder: Folder; file: string | null } {
  if (typeof where === 'object' && !(where instanceof URL)) return { folder: where, file: null };
  const overNetwork = /^https?:/.test(String(where));
  const path = where instanceof URL && !overNetwork ? decodeURIComponent(where.pathname) : String(where);
  const open = overNetwork ? networkFolder : diskFolder;
  if (!path.endsWith('.gguf')) return { folder: open(path), file: null };
  const [, folder = '.', file = path] = /^(.*)\/([^/]+)$/.exec(path) ?? [];
  return { folder: open(folder === '' ? '/' : folder), file };
}

/** The name of a .gguf that stands alone in a folder without config.json. */
async function onlyGguf(folder: Folder): Promise<string | null> {
  if (await folder.has('config.json')) return null;
  const found = ((await folder.list().catch(() => null)) ?? []).filter((file) => file.endsWith('.gguf'));
  return found.length === 1 ? found[0]! : null;
}

async function layout(folder: Folder): Promise<Checkpoint> {
  if (!(await folder.has('config.json')))
    throw new SiseonError({
      code: 'noConfig',
      kind: 'failure',
      what: `${folder.name} is no model`,
      expected: 'a folder with config.json and model.safetensors, or a .gguf file',
      got: 'no config.json',
      next: 'Give the folder of a checkpoint in Hugging Face layout.',
    });
  const config = await readFolderJson(folder, 'config.json');
  const { bytes, open } = await parameterFiles(folder);
  return { config, fileBytes: bytes, open, tokenizer: () => readTokenizer(folder, String(config.model_type)) };
}

async function ggufFile(folder: Folder, file: string): Promise<Checkpoint> {
  const fileBytes = await folder.size(file);
  const { openGguf } = await import('./gguf.ts');
  const { config, metadata, tensors } = await openGguf(folder, file);
  const tokenizer = async (): Promise<Tokenizer | null> => (await import('./ggufTokenizer.ts')).ggufTokenizer(metadata);
  return { config, fileBytes, open: async () => tensors, tokenizer };
}

async function build({ config, fileBytes, ...rest }: Checkpoint, name: string, options: LoadOptions): Promise<Model> {
  const { family, architecture } = readConfig(config, options);
  // No type of numbers takes more than twice as much in a file as in memory: too large is known before anything is opened.
  checkMemory(name, { fileBytes, parameterBytes: fileBytes / 2 });
  const tensors = await rest.open();
  const sources = family.parameters(architecture, new Set(tensors.keys()));
  checkParameters(family, sources, tensors);
  const parameterCount = sources.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  checkMemory(name, { fileBytes, parameterCount, parameterBytes: 4 * parameterCount });
  const tokenizer = options.tokenizer === 'none' ? null : await rest.tokenizer();
  if (tokenizer && tokenizer.vocabularySize > architecture.vocabularySize)
    throw new SiseonError({
      code: 'tokenizerDoesNotFit',
      kind: 'failure',
      what: 'the tokenizer has more tokens than the model',
      expected: `at most ${architecture.vocabularySize}`,
      got: `${tokenizer.vocabularySize}`,
      next: 'Use the tokenizer that belongs to this checkpoint.',
    });
  const parameters = await takeParameters(family, sources, watched(tensors, options));
  const metadata = (config.siseon ?? {}) as ModelMetadata;
  return Model.create({ name, family, architecture, tokenizer, metadata, parameters }, options.kernels);
}

/** The tensors, with what was read of them told, and stopped where the reader says so. */
function watched(tensors: CheckpointTensors, { onProgress, signal }: LoadOptions): CheckpointTensors {
  const total = [...tensors.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  return new Map(
    [...tensors].map(([name, tensor]) => [
      name,
      {
        ...tensor,
        async read() {
          signal?.throwIfAborted();
          const numbers = await tensor.read();
          done = Math.min(total, done + tensor.bytes);
          onProgress?.(done, total);
          return numbers;
        },
      },
    ]),
  );
}
