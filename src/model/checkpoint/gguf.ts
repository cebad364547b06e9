/**
 * GGUF files: `@huggingface/gguf` reads the header; the tensors' blocks are read here, one tensor after another, and
 * given the names and layouts of a checkpoint in Hugging Face's form.
 */
import { type Folder, pathIn, SiseonError } from '../../platform/index.ts';
import { blockTypes } from './dequantize.ts';
import { ggufConfig } from './ggufConfig.ts';
import { type GgufTensor, hugged } from './ggufLayout.ts';
import type { GgufMetadata, RefuseGguf } from './ggufMetadata.ts';
import { type CheckpointTensor, elementCount } from './tensors.ts';

export interface GgufFile {
  readonly metadata: GgufMetadata;
  /** As a config.json would say it. */
  readonly config: Record<string, unknown>;
  readonly tensors: Map<string, CheckpointTensor>;
  /** Of the file, or of all its parts. */
  readonly bytes: number;
}

const refusal =
  (file: string): RefuseGguf =>
  (problem, next = 'It is truncated or damaged; fetch it again.') => {
    throw new SiseonError({
      code: 'badGguf',
      kind: 'failure',
      what: `${file} is not read: ${problem}`,
      next,
      details: { file, problem },
    });
  };

/**
 * Opens a .gguf, with its other parts where it is one of several (`…-00001-of-00003.gguf`). Throws `badGguf`: damaged, of a
 * type of numbers, an architecture or a field of it that is not read, a part missing.
 */
export async function openGguf(folder: Folder, file: string): Promise<GgufFile> {
  const names = ggufParts(file);
  const refuse = refusal(pathIn(folder, names[0]!));
  const stored = new Map<string, GgufTensor>();
  let bytes = 0;
  let metadata: GgufMetadata | null = null;
  for (const name of names) {
    if (names.length > 1 && !(await folder.has(name)))
      refuse(`its part ${name} is missing`, 'Put all parts into one folder.');
    const part = await openPart(folder, name);
    bytes += part.bytes;
    metadata ??= part.metadata;
    for (const [tensor, found] of part.tensors) {
      if (stored.has(tensor)) refuse(`it has ${tensor} twice`);
      stored.set(tensor, found);
    }
  }
  const [said, promised] = [metadata!['split.count'] ?? 1, metadata!['split.tensors.count'] ?? stored.size];
  if (Number(said) !== names.length && Number(said) > 1)
    refuse(
      `it is one of ${said} parts, and its name does not say which`,
      'Give it the name that it was published under.',
    );
  if (Number(promised) !== stored.size) refuse(`its parts hold ${stored.size} tensors of ${promised}`);
  const config = await ggufConfig(metadata!, stored, refuse);
  return { metadata: metadata!, config, tensors: hugged(metadata!, stored), bytes };
}

/** The names of a file's parts, itself among them; of a whole file its own. */
export function ggufParts(file: string): string[] {
  const [, stem, count] = /^(.*)-\d{5}-of-(\d{5})\.gguf$/.exec(file) ?? [];
  if (!count || Number(count) === 0) return [file];
  return Array.from({ length: Number(count) }, (_, n) => `${stem}-${String(n + 1).padStart(5, '0')}-of-${count}.gguf`);
}

interface Part {
  readonly metadata: GgufMetadata;
  readonly tensors: Map<string, GgufTensor>;
  readonly bytes: number;
}

async function openPart(folder: Folder, file: string): Promise<Part> {
  const refuse = refusal(pathIn(folder, file));
  const size = await folder.size(file);
  const { gguf, GGMLQuantizationType } = await import('@huggingface/gguf');
  const header = await gguf('https://file.invalid/', { fetch: ranges(folder, file, size) }).catch((cause) => {
    if (cause instanceof SiseonError) throw cause;
    return refuse(cause instanceof Error ? cause.message : String(cause));
  });
  if (!header.littleEndian) refuse('its byte order is big-endian', 'Convert it to little-endian.');
  const metadata = header.metadata as unknown as GgufMetadata;
  const alignment = Number(metadata['general.alignment'] ?? 32);
  if (!(alignment > 0 && alignment % 8 === 0))
    refuse(`its general.alignment is ${alignment}, not a multiple of 8 (GGUF specification)`);
  const body = Number(header.tensorDataOffset);
  const tensors = new Map<string, GgufTensor>();
  const places: { readonly name: string; readonly start: number; readonly end: number }[] = [];
  for (const { name, shape: reversed, dtype, offset } of header.tensorInfos) {
    const type = blockTypes.get(dtype);
    if (!type) {
      const known = [...blockTypes.values()].map((one) => one.name).join(', ');
      return refuse(
        `${name} has the type ${GGMLQuantizationType[dtype] ?? dtype}, not one of ${known}`,
        'Take the same model as Q8_0, Q4_K_M or F16.',
      );
    }
    if (tensors.has(name)) refuse(`it has ${name} twice`);
    const shape = reversed.map(Number).reverse();
    const count = elementCount(shape);
    if (!Number.isSafeInteger(count) || (shape.at(-1) ?? 1) % type.numbers !== 0)
      refuse(`${name} has the shape [${shape.join(', ')}], which blocks of ${type.numbers} do not fill`);
    const start = body + Number(offset);
    const end = start + (count / type.numbers) * type.bytes;
    if (!(end <= size)) refuse(`${name} would end at byte ${end}, and there are ${size}`);
    places.push({ name, start, end });
    const part = (index: number, parts: number): CheckpointTensor => {
      const bytes = (end - start) / parts;
      const from = start + index * bytes;
      return {
        dtype: type.name,
        shape: parts === 1 ? shape : shape.slice(1),
        bytes,
        type: type.type,
        ...(type.group !== undefined && { group: type.group }),
        read: async () => type.read((await folder.read(file, from, from + bytes)).buffer),
      };
    };
    tensors.set(name, { ...part(0, 1), part });
  }
  places.sort((a, b) => a.start - b.start);
  for (const [i, { name, start }] of places.entries()) {
    const before = places[i - 1];
    if (before && start < before.end) refuse(`${name} begins at byte ${start}, within ${before.name}`);
  }
  return { metadata, tensors, bytes: size };
}

/** The file as the header's reader wants it: a server that answers ranges. */
const ranges =
  (folder: Folder, file: string, size: number): typeof fetch =>
  async (_, init) => {
    const asked = /^bytes=(\d+)-(\d+)$/.exec(new Headers(init?.headers).get('range') ?? '');
    const start = Number(asked?.[1] ?? 0);
    if (start >= size) throw new Error('it breaks off within its header');
    const end = Math.min(size, Number(asked?.[2] ?? size - 1) + 1);
    const headers = { 'content-range': `bytes ${start}-${end - 1}/${size}` };
    return new Response(await folder.read(file, start, end), { status: 206, headers });
  };
