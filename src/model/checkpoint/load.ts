/** From a place with a checkpoint to a model: everything accounted for, or refused. */
import type { Kernels } from '../../kernels/index.ts';
import {
  checkListed,
  type Folder,
  fileExists,
  folderAt,
  type HubOptions,
  type HubProgress,
  hubModel,
  isHubName,
  networkFolder,
  pathIn,
  readFolderText,
  SiseonError,
} from '../../platform/index.ts';
import { readConfig } from '../families/index.ts';
import { Model, type ModelMetadata } from '../model.ts';
import { checkHead, checkParameters, takeParameters } from '../parameters.ts';
import type { Tokenizer } from '../tokenizer.ts';
import { bytesText, checkMemory, type MemoryNeed, memoryNeed } from './memory.ts';
import { parameterFiles } from './parameterFiles.ts';
import { readFolderJson, readTokenizer, tokenizerFiles } from './readTokenizer.ts';
import { type CheckpointTensors, elementCount } from './tensors.ts';

export interface LoadOptions {
  readonly name?: string;
  readonly kernels?: Kernels;
  /** Fields of config.json that are known to change no number, beside those that every family has. */
  readonly ignoreFields?: readonly string[];
  /** `none`: the model is given ids alone, and a tokenizer that cannot be read is no obstacle. */
  readonly tokenizer?: 'needed' | 'none';
  /** Of a model on the hub: branch, tag or commit. */
  readonly revision?: string;
  /** Called as files come from the hub. */
  readonly onDownload?: (progress: HubProgress) => void;
  /** Called where the hub does not answer, or refuses, and what is kept of the model is read instead. */
  readonly onKept?: HubOptions['onKept'];
  /** Called with bytes of parameters read, and in all. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Of a model on the hub: HF_ENDPOINT, HF_TOKEN and the like, instead of the process's own. */
  readonly environment?: HubOptions['environment'];
  readonly signal?: AbortSignal;
}

/**
 * What a model of a folder needs, told before anything of its parameters is read: bytes of the files, and, where the config
 * says it or the header is at hand, how many parameters they hold, and whether it brings a tokenizer. Of a GGUF file far
 * away only its size is known.
 * `file` names the .gguf file that is meant, where there may be others. Throws what `loadModel` throws up to there,
 * of a folder at hand `parametersDoNotFit` as well; it refuses nothing for its size.
 */
export async function modelNeed(folder: Folder, file: string | null = null): Promise<ModelNeed> {
  const gguf = file ?? (await onlyGguf(folder));
  if (gguf !== null && folder.prefetch) {
    const fileBytes = await ggufBytes(folder, gguf);
    return { bytes: fileBytes, fileBytes, parameterBytes: fileBytes, readsText: null };
  }
  const { config, fileBytes, ...rest } = gguf === null ? await layout(folder) : await ggufFile(folder, gguf);
  const { family, architecture } = readConfig(config, {});
  const readsText = await rest.readsText();
  const bytes = fileBytes + (await rest.besideBytes());
  if (!folder.prefetch) {
    const tensors = await rest.open();
    const sources = family.parameters(architecture, new Set(tensors.keys()));
    // What does not fit its own config takes no memory at all: that is said, as loading it would say it.
    checkParameters(family, sources, tensors, rest);
    checkHead(family, architecture, sources, tensors);
    return { bytes, fileBytes, ...memoryNeed(sources, tensors), readsText };
  }
  // Of what is far away the config alone is fetched. Parameters are kept as their files have them, mostly.
  const sources = family.parameters(architecture, new Set());
  const parameterCount = sources.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  return { bytes, fileBytes, parameterCount, parameterBytes: fileBytes, readsText };
}

/** What a model takes, and whether it brings a tokenizer; null where that is not known before it is fetched. */
export interface ModelNeed extends MemoryNeed {
  /** Bytes of all files that are read: the parameters', config.json and the tokenizer's. */
  readonly bytes: number;
  readonly readsText: boolean | null;
}

/** What a checkpoint's files say, whatever their format. */
interface Checkpoint {
  readonly config: Record<string, unknown>;
  /** Bytes of the files that hold the parameters. */
  readonly fileBytes: number;
  /** Brings what lies far away, several files at once. */
  readonly fetch?: () => Promise<void>;
  readonly open: () => Promise<CheckpointTensors>;
  readonly tokenizer: () => Promise<Tokenizer | null>;
  /** Whether it brings a tokenizer, told without reading it. */
  readonly readsText: () => Promise<boolean>;
  /** Bytes of the files that are read beside the parameters'. */
  readonly besideBytes: () => Promise<number>;
  readonly gguf: boolean;
}

/**
 * Loads a model: a folder on disk or a .gguf file (a path or file: address), an address, any Folder (dropped files), or a
 * name on the Hugging Face hub, as `klue/bert-base`, `owner/name@revision`, `owner/name/file.gguf`. Parameters are packed for
 * the engine as they are read, one tensor after another, in their file's type: they are in memory once. Throws `unheededRevision`, `severalGguf`, `noConfig`, `badJson`, `noParameters`, `modelTooLarge`, `parametersDoNotFit`, and what
 * readConfig and the files' own formats throw; nothing is repaired.
 */
export async function loadModel(where: string | URL | Folder, options: LoadOptions = {}): Promise<Model> {
  const { folder, file } = await placeOf(where, options);
  try {
    const gguf = file ?? (await onlyGguf(folder));
    const checkpoint = gguf === null ? await layout(folder) : await ggufFile(folder, gguf);
    const name = options.name ?? (gguf ?? folder.name).split('/').at(-1) ?? 'model';
    return await build(checkpoint, name, options);
  } finally {
    await folder.close();
  }
}

/** The model card (README.md) that stands beside a model, null where there is none: where loadModel takes it from. */
export async function readCard(where: string | URL | Folder, options: LoadOptions = {}): Promise<string | null> {
  const { folder } = await placeOf(where, options);
  try {
    return (await folder.has('README.md')) ? await readFolderText(folder, 'README.md') : null;
  } finally {
    await folder.close();
  }
}

interface Place {
  readonly folder: Folder;
  /** A .gguf file that was named. */
  readonly file: string | null;
}

async function placeOf(where: string | URL | Folder, options: LoadOptions): Promise<Place> {
  if (typeof where === 'object' && !(where instanceof URL)) {
    if (options.revision !== undefined)
      throw unheededRevision(`${where.name} is not on the hub, and so has no revisions`, options.revision);
    return { folder: where, file: null };
  }
  const overNetwork = /^https?:/.test(String(where));
  const path = where instanceof URL && !overNetwork ? decodeURIComponent(where.pathname) : String(where);
  const onHub = typeof where === 'string' && !overNetwork ? await hubPlace(where, options) : null;
  if (onHub) return onHub;
  if (options.revision !== undefined)
    throw unheededRevision(`${path} is not on the hub, and so has no revisions`, options.revision);
  const open = overNetwork ? networkFolder : folderAt;
  if (!path.endsWith('.gguf')) return { folder: open(path), file: null };
  const [, folder = '.', file = path] = /^(.*)\/([^/]+)$/.exec(path) ?? [];
  return { folder: open(folder === '' ? '/' : folder), file };
}

/** `owner/name`, `owner/name@revision` or `owner/name/file.gguf`, unless there is such a file or folder here. */
async function hubPlace(
  where: string,
  { revision, onDownload, onKept, signal, environment }: LoadOptions,
): Promise<Place | null> {
  const [, name = where, at] = /^([^@]+)@(.*)$/.exec(where) ?? [];
  const [, repository = name, file = null] = /^([^/]+\/[^/]+)\/([^/]+\.gguf)$/.exec(name) ?? [];
  if (!isHubName(repository) || (!file && name.endsWith('.gguf')) || (await fileExists(where))) return null;
  if (at === '')
    throw new SiseonError({
      code: 'noRevision',
      kind: 'usage',
      what: `${where} names no revision`,
      expected: `${name}@ and a branch, a tag or a commit`,
      next: `Leave the @ out for the newest: ${name}.`,
      details: { name },
    });
  if (at !== undefined && revision !== undefined && at !== revision)
    throw unheededRevision(`${where} and the option name two revisions`, revision);
  const chosen = revision ?? at;
  const folder = hubModel(repository, {
    ...(chosen && { revision: chosen }),
    ...(onDownload && { onProgress: onDownload }),
    ...(onKept && { onKept }),
    ...(signal && { signal }),
    ...(environment && { environment }),
  });
  return { folder, file };
}

const unheededRevision = (what: string, revision: string): SiseonError =>
  new SiseonError({
    code: 'unheededRevision',
    kind: 'usage',
    what,
    expected: 'a revision of a model on the hub, once',
    got: revision,
    next: 'Leave the revision out, or write it in one place.',
    details: { revision },
  });

/** The name of a .gguf that stands alone, or with its other parts, in a folder without config.json. Throws `severalGguf`. */
async function onlyGguf(folder: Folder): Promise<string | null> {
  if (await folder.has('config.json')) return null;
  const all = ((await folder.list().catch(() => null)) ?? []).filter((file) => file.endsWith('.gguf'));
  // Of a file in parts the first stands for all.
  const found = all.filter((file) => !/-of-\d{5}\.gguf$/.test(file) || /-0*1-of-\d{5}\.gguf$/.test(file));
  if (found.length > 1) {
    const sizes = await Promise.all(found.map((file) => ggufBytes(folder, file, all)));
    throw new SiseonError({
      code: 'severalGguf',
      kind: 'usage',
      what: `${folder.name || 'the folder'} holds ${found.length} models`,
      expected: 'one .gguf file',
      got: found.map((file, at) => `${file} (${bytesText(sizes[at]!)})`).join(', '),
      next: `Name the one that is meant, as ${pathIn({ name: folder.name.replace(/\/$/, '') }, found[0]!)}.`,
      details: { name: folder.name, files: found, sizes },
    });
  }
  return found[0] ?? null;
}

/** Bytes of a .gguf file, of its other parts as well; of those that are there, where they are told. */
async function ggufBytes(folder: Folder, file: string, there?: readonly string[]): Promise<number> {
  const { ggufParts } = await import('./gguf.ts');
  const parts = ggufParts(file).filter((part) => there?.includes(part) ?? true);
  return (await Promise.all(parts.map((part) => folder.size(part)))).reduce((sum, size) => sum + size, 0);
}

/** What is there in place of a model. */
async function insteadOf(folder: Folder): Promise<string> {
  if (folder.name === '') return 'no name';
  const refused = await folder.list().then(
    () => null,
    (error: { readonly cause?: { readonly code?: unknown } }) => error.cause?.code,
  );
  if (refused === 'ENOTDIR') return 'a file that does not end in .gguf';
  return refused === 'ENOENT' ? 'nothing of that name' : 'no config.json';
}

async function layout(folder: Folder): Promise<Checkpoint> {
  if (!(await folder.has('config.json'))) {
    await checkListed(folder, 'config.json');
    throw (
      folder.absence?.() ??
      new SiseonError({
        code: 'noConfig',
        kind: 'failure',
        what: `${folder.name || '""'} is no model`,
        expected: 'a folder with config.json and model.safetensors, or a .gguf file',
        got: await insteadOf(folder),
        next: 'Give the folder of a checkpoint in Hugging Face layout.',
      })
    );
  }
  const config = await readFolderJson(folder, 'config.json');
  const { bytes, files, open } = await parameterFiles(folder);
  const fetch = async (): Promise<void> => folder.prefetch?.([...files, 'tokenizer.json', 'vocab.txt', 'merges.txt']);
  const tokenizer = (): Promise<Tokenizer | null> => readTokenizer(folder, String(config.model_type));
  const readsText = async (): Promise<boolean> => (await tokenizerFiles(folder)).length > 0;
  const besideBytes = async (): Promise<number> => {
    const files = ['config.json', ...(await tokenizerFiles(folder))];
    return (await Promise.all(files.map((file) => folder.size(file)))).reduce((sum, size) => sum + size, 0);
  };
  return { config, fileBytes: bytes, fetch, open, tokenizer, readsText, besideBytes, gguf: false };
}

async function ggufFile(folder: Folder, file: string): Promise<Checkpoint> {
  const { openGguf } = await import('./gguf.ts');
  const { config, metadata, tensors, bytes: fileBytes } = await openGguf(folder, file);
  const tokenizer = async (): Promise<Tokenizer | null> => (await import('./ggufTokenizer.ts')).ggufTokenizer(metadata);
  const readsText = async (): Promise<boolean> => (await import('./ggufTokenizer.ts')).holdsVocabulary(metadata);
  return { config, fileBytes, open: async () => tensors, tokenizer, readsText, besideBytes: async () => 0, gguf: true };
}

async function build({ config, fileBytes, ...rest }: Checkpoint, name: string, options: LoadOptions): Promise<Model> {
  const { family, architecture } = readConfig(config, options);
  // No type of numbers takes more than twice as much in a file as in memory: too large is known before anything is opened.
  checkMemory(name, { fileBytes, parameterBytes: fileBytes / 2 });
  await rest.fetch?.();
  const tensors = await rest.open();
  const sources = family.parameters(architecture, new Set(tensors.keys()));
  checkParameters(family, sources, tensors, rest);
  checkHead(family, architecture, sources, tensors);
  checkMemory(name, { fileBytes, ...memoryNeed(sources, tensors) });
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
  const parameters = takeParameters(family, sources, watched(tensors, options));
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
