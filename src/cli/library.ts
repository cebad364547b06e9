import { z } from 'zod';
import { readText, SiseonError } from '../platform/index.ts';

const entries = z.array(z.strictObject({ tag: z.string().min(1), content: z.string().optional() }));

/** Reads [{"tag": …, "content": …}, …]. Throws `badLibrary`, naming the entry, and `cannotRead`. */
export async function readLibrary(path: string): Promise<{ tag: string; content?: string }[]> {
  const refuse = (problem: string): never => {
    throw new SiseonError({
      code: 'badLibrary',
      kind: 'usage',
      what: `${path}: ${problem}`,
      expected: '[{"tag": "…", "content": "…"}, …]',
    });
  };
  let json: unknown;
  try {
    json = JSON.parse(await readText(path));
  } catch (error) {
    if (error instanceof SiseonError) throw error;
    refuse('it is not JSON');
  }
  const result = entries.safeParse(json);
  if (!result.success)
    return refuse(
      result.error.issues.map(({ path: at, message }) => `${at.join('.') || 'the file'}: ${message}`).join('; '),
    );
  return result.data.map(({ tag, content }) => (content === undefined ? { tag } : { tag, content }));
}
