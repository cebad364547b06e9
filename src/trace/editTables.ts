/** Edits in files: large tables of their numbers as arrays, four bytes a number instead of its digits; −∞ as null in JSON. */
import type { Edit } from '../attention/index.ts';
import type { Stage } from './stage.ts';

/** An array of a file, and where an edit says its name: `{array: NAME}` in the place of its table. */
export interface EditTable extends Stage {
  readonly name: string;
}

const fields = ['vectors'] as const;
/** Below, the digits take no more room than a name. */
const leastNumbers = 256;

type Fields = Partial<Record<(typeof fields)[number], unknown>>;

/** Edits with their large tables taken out, where single precision holds each number as it is; the rest stays as digits. */
export function packEdits(edits: readonly Edit[]): {
  readonly edits: readonly unknown[];
  readonly tables: EditTable[];
} {
  const tables: EditTable[] = [];
  const packed = edits.map((edit, n) => {
    const own: Record<string, unknown> = { ...edit };
    for (const field of fields) {
      const table = tableOf((edit as Fields)[field], `edits.${n}.${field}`);
      if (!table) continue;
      tables.push(table);
      own[field] = { array: table.name };
    }
    return own;
  });
  return { edits: packed, tables };
}

function tableOf(value: unknown, name: string): EditTable | null {
  const rows = value as readonly (readonly number[])[] | undefined;
  const width = rows?.[0]?.length ?? 0;
  if (!rows || rows.length * width < leastNumbers || rows.some((row) => row.length !== width)) return null;
  const data = new Float32Array(rows.length * width);
  for (const [n, row] of rows.entries()) data.set(row, n * width);
  const exact = rows.every((row, n) => row.every((number, c) => data[n * width + c] === number));
  return exact ? { name, shape: [rows.length, width], data } : null;
}

/**
 * Edits as they were, of a list out of JSON, in which masked scores of −∞ are null. Those whose table is not there stay as
 * they are read, and are refused when they run.
 */
export function unpackEdits(
  edits: unknown,
  arrays: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: ArrayLike<unknown> }> = new Map(),
): readonly Edit[] {
  if (!Array.isArray(edits)) return [];
  return edits.map((edit: Record<string, unknown>) => {
    const own = { ...edit };
    for (const field of fields) {
      const table = arrays.get(`${(edit[field] as { array?: unknown } | undefined)?.array}`);
      const [count = 0, width = 0] = table?.shape ?? [];
      if (table?.data instanceof Float32Array) {
        const { data } = table;
        own[field] = Array.from({ length: count }, (_, n) => Array.from(data.subarray(n * width, (n + 1) * width)));
      }
    }
    if (own.stage === 'maskedScores')
      for (const field of ['vector', ...fields]) if (field in own) own[field] = unmasked(own[field]);
    return own as unknown as Edit;
  });
}

const unmasked = (numbers: unknown): unknown =>
  Array.isArray(numbers) ? numbers.map(unmasked) : numbers === null ? -Infinity : numbers;
