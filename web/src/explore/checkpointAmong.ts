/** Which of the files that were dropped or chosen are the model's, and what it is called. */
import type { PlacedFile } from '../pieces/droppedFiles.ts';

/** Files that hold one checkpoint. */
export interface Among<F = File> {
  /** The folder that they stand in; null for files without one. */
  readonly folder: string | null;
  readonly files: readonly F[];
}

/**
 * The files of the one folder that holds a checkpoint (a config.json or a .gguf file). Folders below it are not looked into:
 * published checkpoints keep other formats there. Where no folder holds one, all files come back: what is missing is the
 * engine's to say. Throws the failure `severalCheckpoints`, with their paths, where two folders hold one each: files of one
 * must not be read as parts of the other.
 */
export function checkpointAmong<F>(files: readonly { readonly path: string; readonly file: F }[]): Among<F> {
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
  return { folder: folder.split('/').at(-1) || null, files: own.map(({ file }) => file) };
}

/** As the package looks for parameters, one after another; the first that is there holds them, whatever lies beside it. */
const parameterFiles = [
  /^model\.safetensors$/,
  /^model\.safetensors\.index\.json$/,
  /^pytorch_model\.bin$/,
  /^pytorch_model\.bin\.index\.json$/,
  /\.gguf$/,
];

/** What a checkpoint's files are called. */
export const ofCheckpoint = /\.(json|safetensors|bin)$|^(vocab|merges)\.txt$/;

/** The file that the parameters are in, or that says where they are; null where there is none. */
export function parametersOf({ files }: Among): File | null {
  const found = parameterFiles.map((pattern) => files.find(({ name }) => pattern.test(name)));
  return found.find((file) => file !== undefined) ?? null;
}

/**
 * Files that were chosen one after another: those of this time take the place of the same ones before. Whatever is a
 * checkpoint by itself, comes in a folder, or after a GGUF file, which lacks nothing, begins anew.
 */
export function gathered(before: readonly PlacedFile[], now: readonly PlacedFile[]): readonly PlacedFile[] {
  const has = (files: readonly PlacedFile[], pattern: RegExp): boolean => files.some(({ path }) => pattern.test(path));
  const whole = has(now, /\.gguf$/) || (has(now, /(^|\/)config\.json$/) && has(now, /\.(safetensors|bin)$/));
  if (whole || has(before, /\.gguf$/) || has([...before, ...now], /\//)) return now;
  return [...before.filter(({ path }) => now.every((each) => each.path !== path)), ...now];
}

/** A .gguf file by itself, with its other parts where it is one of several. */
export function partsAmong(files: readonly File[], file: string): readonly PlacedFile[] {
  const whole = (name: string): string => name.replace(/-\d{5}(?=-of-\d{5}\.gguf$)/, '');
  return files.filter(({ name }) => whole(name) === whole(file)).map((each) => ({ file: each, path: each.name }));
}

/** What a model is called: as its folder, else as its config.json says (`_name_or_path`), else by its kind, else as its file. */
export async function nameOf(among: Among): Promise<string> {
  if (among.folder) return among.folder;
  const config = among.files.find(({ name }) => name === 'config.json');
  const file = (parametersOf(among) ?? config ?? among.files[0])?.name ?? '';
  if (!config || file.endsWith('.gguf')) return file;
  const { _name_or_path: path, model_type: kind } = fieldsOf(await config.text());
  const steps = typeof path === 'string' ? path.slice(0, 200).split(/[/\\]/) : [];
  const said = steps.filter((step) => !/^\.{0,2}$/.test(step)).slice(-2);
  return said.join('/') || (typeof kind === 'string' && kind !== '' ? kind : file);
}

/** What a config.json says; nothing where it is no JSON, which is the engine's to say. */
function fieldsOf(text: string): Readonly<Record<string, unknown>> {
  try {
    return (JSON.parse(text) ?? {}) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** The name with the day and time of its parameters' file, for whoever has another model of the same name. */
export function datedName(name: string, among: Among): string {
  const date = new Date(parametersOf(among)?.lastModified ?? 0);
  const two = (n: number): string => `${n}`.padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${name} (${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')})`;
}

const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));
const isBelow = (folder: string, other: string): boolean =>
  folder !== other && (other === '' || folder.startsWith(`${other}/`));
