/**
 * GGUF files: `@huggingface/gguf` reads the header; the tensors' blocks are read here, one tensor after another, and
 * given the names and layouts of a checkpoint in Hugging Face's form.
 */
import type { Folder } from '../../platform/index.ts';
import { SiseonError } from '../../platform/index.ts';
import { blockTypes } from './dequantize.ts';
import { type GgufMetadata, ggufConfig, hugged, type RefuseGguf } from './ggufLayout.ts';
import { type CheckpointTensor, elementCount } from './tensors.ts';

export interface GgufFile {
  readonly metadata: GgufMetadata;
  /** As a config.json would say it. */
  readonly config: Record<string, unknown>;
  readonly tensors: Map<string, CheckpointTensor>;
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

/** Opens a .gguf. Throws `badGguf`: damaged, of a type of numbers or an architecture that is not read. */
export async function openGguf(folder: Folder, file: string): Promise<GgufFile> {
  const refuse = refusal(`${folder.name}/${file}`);
  const size = await folder.size(file);
  const { gguf, GGMLQuantizationType } = await import('@huggingface/gguf');
  const header = await gguf('https://file.invalid/', { fetch: ranges(folder, file, size) }).catch((cause) => {
    if (cause instanceof SiseonError) throw cause;
    return refuse(cause instanceof Error ? cause.message : String(cause));
  });
  if (!header.littleEndian) refuse('its byte order is big-endian', 'Convert it to little-endian.');
  const body = Number(header.tensorDataOffset);
  const stored = new Map<string, CheckpointTensor>();
  for (const { name, shape: reversed, dtype, offset } of header.tensorInfos) {
    const type = blockTypes.get(dtype);
    if (!type) {
      const known = [...blockTypes.values()].map((one) => one.name).join(', ');
      return refuse(
        `${name} has the type ${GGMLQuantizationType[dtype] ?? dtype}, not one of ${known}`,
        'Take the same model as Q8_0, Q4_K_M or F16.',
      );
    }
    if (stored.has(name)) refuse(`it has ${name} twice`);
    const shape = reversed.map(Number).reverse();
    const count = elementCount(shape);
    if (!Number.isSafeInteger(count) || (shape.at(-1) ?? 1) % type.numbers !== 0)
      refuse(`${name} has the shape [${shape.join(', ')}], which blocks of ${type.numbers} do not fill`);
    const start = body + Number(offset);
    const end = start + (count / type.numbers) * type.bytes;
    if (!(end <= size)) refuse(`${name} ends at byte ${end} of ${size}`);
    stored.set(name, {
      dtype: type.name,
      shape,
      bytes: end - start,
      type: type.type,
      ...(type.type === 'int8' && { group: type.numbers }),
      read: async () => type.read((await folder.read(file, start, end)).buffer),
    });
  }
  const metadata = header.metadata as unknown as GgufMetadata;
  const config = await ggufConfig(metadata, stored, refuse);
  return { metadata, config, tensors: hugged(metadata, stored) };
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
