/** Which files of a folder hold the parameters, and their tensors: one file, or an index over several. */
import { checkListed, type Folder, pathIn, readFolderText, SiseonError } from '../../platform/index.ts';
import { openSafetensors } from './safetensors.ts';
import type { CheckpointTensor } from './tensors.ts';

export interface ParameterFiles {
  readonly files: readonly string[];
  /** Together. */
  readonly bytes: number;
  /** Opens the files' headers. */
  readonly open: () => Promise<Map<string, CheckpointTensor>>;
}

type Open = (folder: Folder, file: string) => Promise<Map<string, CheckpointTensor>>;

const openTorchLater: Open = async (folder, file) => (await import('./torch.ts')).openTorch(folder, file);

/** In this order: what is read without running anything comes before what has to be trusted not to. */
const kinds: readonly { readonly file: string; readonly open: Open }[] = [
  { file: 'model.safetensors', open: openSafetensors },
  { file: 'pytorch_model.bin', open: openTorchLater },
];

/** Finds them. Throws `noParameters`, `badShardIndex` and `cannotRead`. */
export async function parameterFiles(folder: Folder): Promise<ParameterFiles> {
  for (const { file, open } of kinds) {
    if (await folder.has(file)) return sized(folder, [file], () => open(folder, file));
    const index = `${file}.index.json`;
    if (await folder.has(index)) return sharded(folder, index, open);
    await checkListed(folder, file);
  }
  const list = (await folder.list()) ?? [];
  const unread = list.filter((file) => /\.(h5|msgpack|onnx|ckpt|pt|pth|safetensors|bin)$/.test(file));
  throw (
    folder.absence?.() ??
    new SiseonError({
      code: 'noParameters',
      kind: 'failure',
      what: `${folder.name || 'the folder'} has no parameters`,
      expected: 'model.safetensors or pytorch_model.bin, or one of the two in parts with its index.json',
      got: unread.length > 0 ? unread.slice(0, 5).join(', ') : 'none of them',
      next: 'Save the model with transformers (save_pretrained), which writes model.safetensors.',
    })
  );
}

async function sized(folder: Folder, files: readonly string[], open: ParameterFiles['open']): Promise<ParameterFiles> {
  let bytes = 0;
  for (const file of files) bytes += await folder.size(file);
  return { files, bytes, open };
}

/** An index says in which file each tensor lies; it and the files must agree. */
async function sharded(folder: Folder, index: string, open: Open): Promise<ParameterFiles> {
  const refuse = (problem: string): never => {
    throw new SiseonError({
      code: 'badShardIndex',
      kind: 'failure',
      what: `${pathIn(folder, index)}: ${problem}`,
      next: 'The files are damaged or not of one checkpoint; fetch them again.',
      details: { problem },
    });
  };
  let map: unknown;
  try {
    map = (JSON.parse(await readFolderText(folder, index)) as { weight_map?: unknown } | null)?.weight_map;
  } catch (cause) {
    if (cause instanceof SiseonError) throw cause;
    refuse('it is not JSON');
  }
  if (typeof map !== 'object' || map === null) return refuse('it has no weight_map');
  const places = Object.entries(map);
  const files = [...new Set(places.map(([, file]) => file))].sort();
  // A name with a path in it could lead out of the folder.
  const bad = files.find((file) => typeof file !== 'string' || !/^[^/\\]+$/.test(file) || file === '..');
  if (bad !== undefined || files.length === 0)
    return refuse(`it names ${JSON.stringify(bad ?? null)}, which is no file`);
  const missing: string[] = [];
  for (const file of files) if (!(await folder.has(file))) missing.push(file);
  if (missing.length > 0) refuse(`${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing`);
  return sized(folder, files, async () => {
    const tensors = new Map<string, CheckpointTensor>();
    for (const file of files)
      for (const [name, tensor] of await open(folder, file)) {
        if (Object.hasOwn(map, name) && (map as Record<string, unknown>)[name] === file) tensors.set(name, tensor);
        else refuse(`${file} has ${name}, which the index does not say`);
      }
    const absent = places.find(([name]) => !tensors.has(name));
    if (absent) refuse(`${absent[1]} should have ${absent[0]}`);
    return tensors;
  });
}
