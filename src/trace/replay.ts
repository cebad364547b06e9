/** A saved trace read back as what it was made of: text, ids and edits, to be run again. */
import type { Edit } from '../attention/index.ts';
import { type NpyArray, readNpz, readSafetensors } from '../model/index.ts';
import { readFile, SiseonError } from '../platform/index.ts';
import { unpackEdits } from './editTables.ts';

export interface SavedRun {
  /** Name and fingerprint of the model that made it. */
  readonly model: string;
  readonly fingerprint: string;
  readonly text: string | null;
  readonly ids: Int32Array;
  readonly decoderIds: Int32Array | null;
  readonly edits: readonly Edit[];
}

/**
 * What a file of `saveTrace` (.safetensors, .npz or .json) was made of: `recordTrace(model, run)` makes the same numbers
 * again. Throws `cannotRead`, `unknownFormat`, `notATrace`, and what the formats' readers throw.
 */
export async function readSavedRun(path: string): Promise<SavedRun> {
  const bytes = await readFile(path);
  const { description, ids, decoderIds, arrays } = parsed(path, bytes);
  if (ids === null || typeof description.model !== 'string' || typeof description.fingerprint !== 'string')
    throw new SiseonError({
      code: 'notATrace',
      kind: 'failure',
      what: `${path} is no trace that this package saved`,
      expected: 'ids, model and fingerprint',
      next: 'Save one with siseon trace.',
    });
  return {
    model: description.model,
    fingerprint: description.fingerprint,
    text: typeof description.text === 'string' ? description.text : null,
    ids,
    decoderIds,
    edits: unpackEdits(description.edits, arrays),
  };
}

interface Parts {
  readonly description: Readonly<Record<string, unknown>>;
  readonly ids: Int32Array | null;
  readonly decoderIds: Int32Array | null;
  readonly arrays: ReadonlyMap<string, NpyArray>;
}

function parsed(path: string, bytes: Uint8Array): Parts {
  const whole = (data: unknown): Int32Array | null =>
    data instanceof Int32Array || (Array.isArray(data) && data.every(Number.isInteger)) ? Int32Array.from(data) : null;
  const json = (text: string | undefined): Readonly<Record<string, unknown>> => {
    try {
      return (JSON.parse(text ?? '{}') ?? {}) as Record<string, unknown>;
    } catch {
      return {};
    }
  };
  if (path.endsWith('.json')) {
    const description = json(new TextDecoder().decode(bytes));
    return { description, ids: whole(description.ids), decoderIds: whole(description.decoderIds), arrays: new Map() };
  }
  if (path.endsWith('.npz')) {
    const arrays = readNpz(bytes, path);
    const [text] = (arrays.get('description')?.data ?? []) as readonly string[];
    return {
      description: json(text),
      ids: whole(arrays.get('ids')?.data),
      decoderIds: whole(arrays.get('decoderIds')?.data),
      arrays,
    };
  }
  if (path.endsWith('.safetensors')) {
    const { tensors, metadata } = readSafetensors(bytes, path);
    const edits = metadata.edits === undefined ? {} : { edits: JSON.parse(metadata.edits) as unknown };
    return {
      description: { ...metadata, ...edits },
      ids: whole(tensors.get('ids')?.data),
      decoderIds: whole(tensors.get('decoderIds')?.data),
      arrays: tensors,
    };
  }
  throw new SiseonError({
    code: 'unknownFormat',
    kind: 'usage',
    what: `${path} says no format`,
    expected: 'a name ending in .safetensors, .npz or .json',
  });
}
