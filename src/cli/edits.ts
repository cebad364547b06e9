/** Edits as a file has them. */
import { Option } from 'commander';
import type { Edit } from '../attention/index.ts';
import type { Model } from '../model/index.ts';
import type { SavedRun } from '../trace/index.ts';
import { language, remark } from './shell.ts';

export const editsOption = (): Option =>
  new Option('--edits <FILE>', 'interfere: edits as JSON (docs/lens.md), or those of a saved trace');

/** What a file holds, and of a saved trace the run that it was made by. */
interface EditsFile {
  readonly edits: readonly Edit[];
  readonly made: SavedRun | null;
}

const isEdits = (content: unknown): content is unknown[] =>
  Array.isArray(content) && content.every((edit) => typeof edit === 'object' && edit !== null && 'kind' in edit);

/** Edits as a JSON array, or those of a saved trace, or of a square that the page saved. Throws `badEdits`, `cannotRead`, and of a trace what its reader throws. */
export async function editsIn(file: string): Promise<EditsFile> {
  const { readText, SiseonError } = await import('../platform/index.ts');
  const { readSavedRun, unpackEdits } = await import('../trace/index.ts');
  const saved = async (): Promise<EditsFile> => {
    const made = await readSavedRun(file);
    return { edits: made.edits, made };
  };
  if (/\.(safetensors|npz)$/.test(file)) return saved();
  let content: unknown;
  try {
    content = JSON.parse(await readText(file));
  } catch (error) {
    if (error instanceof SiseonError) throw error;
  }
  if (isEdits(content)) return { edits: unpackEdits(content), made: null };
  if (typeof content === 'object' && content !== null && 'fingerprint' in content) return saved();
  // A square that the page saved says how its run was made; of the model it has the name alone.
  if (typeof content === 'object' && content !== null && 'edits' in content && isEdits(content.edits))
    return { edits: unpackEdits(content.edits), made: null };
  throw new SiseonError({
    code: 'badEdits',
    kind: 'usage',
    what: `${file} holds no edits`,
    expected: 'a JSON array of edits, each with a kind, a saved trace, or a square saved by the page',
  });
}

/** Says on stderr that edits were made of another model, or of another text, whose heads and positions they name. */
export function remarkOnOrigin(
  { made }: EditsFile,
  run: { readonly model: Pick<Model, 'name' | 'fingerprint'>; readonly ids?: Int32Array },
): void {
  if (!made) return;
  const ko = language() === 'ko';
  if (made.fingerprint !== run.model.fingerprint)
    remark(
      ko
        ? `알림: 다른 모델(${made.model})에서 저장한 편집입니다. 그 모델의 층과 헤드, 벡터를 이 모델에 그대로 씁니다.`
        : `notice: these edits were saved with another model (${made.model}); its layers, heads and vectors are taken as they are.`,
    );
  if (run.ids && (made.ids.length !== run.ids.length || made.ids.some((id, i) => id !== run.ids![i])))
    remark(
      ko
        ? `알림: 다른 글(${made.text ?? [...made.ids].join(' ')})에서 저장한 편집입니다. 자리 번호를 이 글에서 그대로 셉니다.`
        : `notice: these edits were saved with another text (${made.text ?? [...made.ids].join(' ')}); their positions are counted in this one.`,
    );
}
