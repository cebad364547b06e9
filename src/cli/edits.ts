/** Edits as a file has them. */
import { Option } from 'commander';
import type { Edit } from '../attention/index.ts';

export const editsOption = (): Option =>
  new Option('--edits <FILE>', 'interfere: edits as JSON (docs/lens.md), or those of a saved trace');

/** Edits as a JSON array, or those of a saved trace. Throws `badEdits`, `cannotRead`, and of a trace what its reader throws. */
export async function editsIn(file: string): Promise<Edit[]> {
  const { readText, SiseonError } = await import('../platform/index.ts');
  const { readSavedRun, unpackEdits } = await import('../trace/index.ts');
  if (/\.(safetensors|npz)$/.test(file)) return [...(await readSavedRun(file)).edits];
  let content: unknown;
  try {
    content = JSON.parse(await readText(file));
  } catch (error) {
    if (error instanceof SiseonError) throw error;
  }
  if (Array.isArray(content) && content.every((edit) => typeof edit === 'object' && edit !== null && 'kind' in edit))
    return [...unpackEdits(content)];
  if (typeof content === 'object' && content !== null && 'fingerprint' in content)
    return [...(await readSavedRun(file)).edits];
  throw new SiseonError({
    code: 'badEdits',
    kind: 'usage',
    what: `${file} holds no edits`,
    expected: 'a JSON array of edits, each with a kind, or a saved trace',
  });
}
