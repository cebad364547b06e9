/** Models of the visitor's own: files that were dropped or chosen, or a name on the hub. */
import { checkMemory, loadModel, type Model, type ModelNeed, modelNeed } from 'siseon/model';
import { blobFolder, type Folder, hubModel, SiseonError } from 'siseon/platform';
import { type Failure, factsOf } from './failure.ts';
import { type Repository, readRepository } from './repository.ts';

export type ModelSource =
  | {
      readonly kind: 'files';
      readonly name: string;
      /** The name with the day of its parameters, where another model of the same name is beside it. */
      readonly dated: string;
      /** The folder that the files stand in; empty where they were chosen by themselves. */
      readonly folder: string;
      readonly files: readonly File[];
    }
  | {
      readonly kind: 'hub';
      /** `owner/name`, `owner/name@revision`, `owner/name/file.gguf`. */
      readonly name: string;
      /** The address of the hub: the public one, or a mirror. */
      readonly endpoint: string;
    };

/** How far it is, in bytes: what comes over the network first, then what is read into memory. */
export interface Opening {
  readonly phase: 'download' | 'read';
  readonly done: number;
  readonly total: number;
  readonly secondsLeft: number | null;
}

/** Throws `notHubName` for what can be no model's name. */
function repositoryOf(name: string): Repository {
  const read = readRepository(name);
  if (read) return read;
  throw new SiseonError({
    code: 'notHubName',
    kind: 'usage',
    what: `"${name}" is no name of a model`,
    expected: 'owner/name, as on the hub',
  });
}

/** What it takes, and what loadModel would throw for it where it is too large. */
export interface Need extends ModelNeed {
  readonly refused: Failure | null;
}

const speechless = (name: string): SiseonError =>
  new SiseonError({
    code: 'noTokenizer',
    kind: 'failure',
    what: `${name} has no tokenizer`,
    expected: 'a model that reads text',
    details: { gguf: name.endsWith('.gguf') },
  });
/** Of what reads no text `noTokenizer` is told with its size: it has nothing to show. */
export async function needOf(source: ModelSource): Promise<Need> {
  const folder = folderOf(source);
  try {
    const need = await modelNeed(folder, source.kind === 'hub' ? repositoryOf(source.name).file : null);
    try {
      if (need.readsText === false) throw speechless(source.name);
      checkMemory(source.name, need);
    } catch (cause) {
      if (cause instanceof SiseonError) return { ...need, refused: factsOf(cause) };
      throw cause;
    }
    return { ...need, refused: null };
  } finally {
    await folder.close();
  }
}

/** Throws `notHubName`. */
function folderOf(source: ModelSource): Folder {
  if (source.kind === 'files') return blobFolder(source.files, source.folder);
  const { repository, revision } = repositoryOf(source.name);
  const environment = { HF_ENDPOINT: source.endpoint };
  return hubModel(repository, { environment, attempts: 2, ...(revision && { revision }) });
}

/** Progress is told ten times a second at most: every message to the page costs some. */
const often = 100;

/** Throws what loadModel throws, and `noTokenizer`: the model that reads text stays in use. */
export async function openSource(
  source: ModelSource,
  tell: (progress: Opening) => void,
  signal: AbortSignal,
): Promise<Model> {
  let last = -Infinity;
  const say = (progress: Opening): void => {
    if (performance.now() - last < often && progress.done < progress.total) return;
    last = performance.now();
    tell(progress);
  };
  const onProgress = (done: number, total: number): void => say({ phase: 'read', done, total, secondsLeft: null });
  if (source.kind === 'files') {
    const { name } = source;
    return reading(await loadModel(folderOf(source), { name, signal, onProgress }));
  }
  repositoryOf(source.name);
  const model = await loadModel(source.name, {
    name: source.name,
    signal,
    onProgress,
    onDownload: ({ done, total, secondsLeft }) => say({ phase: 'download', done, total, secondsLeft }),
    environment: { HF_ENDPOINT: source.endpoint },
  });
  return reading(model);
}

function reading(model: Model): Model {
  if (model.tokenizer) return model;
  throw speechless(model.name);
}
