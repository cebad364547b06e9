/** Which of the files that were dropped or chosen are the model's. */
import type { PlacedFile } from '../pieces/droppedFiles.ts';

/**
 * The files of the one folder that holds a checkpoint (a config.json or a .gguf file) and its name, null for files without
 * a folder. Folders below it are not looked into: published checkpoints keep other formats there. Where no folder holds
 * one, all files come back: what is missing is the engine's to say. Throws the failure `severalCheckpoints`, with their
 * paths, where two folders hold one each: files of one must not be read as parts of the other.
 */
export function checkpointAmong(files: readonly PlacedFile[]): {
  readonly name: string | null;
  readonly files: File[];
} {
  const holders = new Set(
    files.filter(({ path }) => /(^|\/)config\.json$|\.gguf$/.test(path)).map(({ path }) => folderOf(path)),
  );
  const outermost = [...holders].filter((folder) => ![...holders].some((other) => isBelow(folder, other)));
  if (outermost.length > 1) {
    const paths = outermost.sort().join(', ');
    throw { code: 'severalCheckpoints', message: `several checkpoints: ${paths}`, details: { paths } };
  }
  const [folder = folderOf(files[0]?.path ?? '')] = outermost;
  const own = outermost.length === 0 ? files : files.filter(({ path }) => folderOf(path) === folder);
  return { name: folder.split('/').at(-1) || null, files: own.map(({ file }) => file) };
}

/** What a model is called: as its folder, else as its config.json says (`_name_or_path`), else as its largest part's file. */
export async function nameOf({ name, files }: ReturnType<typeof checkpointAmong>): Promise<string> {
  if (name) return name;
  const parts = files.filter((file) => /\.(gguf|safetensors|bin)$/.test(file.name));
  const own = (parts.length > 0 ? parts : files).reduce((a, b) => (b.size > a.size ? b : a)).name;
  if (own.endsWith('.gguf')) return own;
  const config = files.find((file) => file.name === 'config.json');
  const said = config && /"_name_or_path"\s*:\s*"([^"\\]{1,200})"/.exec(await config.text())?.[1];
  return said?.replace(/\/+$/, '').split('/').slice(-2).join('/') || own;
}

const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));
const isBelow = (folder: string, other: string): boolean =>
  folder !== other && (other === '' || folder.startsWith(`${other}/`));
