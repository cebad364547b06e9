import { z } from 'zod';
import { shippedModel } from '../model/index.ts';
import { readText, SiseonError } from '../platform/index.ts';

const entries = z.array(z.strictObject({ tag: z.string().min(1), content: z.string().optional() }));

interface Entry {
  readonly tag: string;
  readonly content?: string;
}

/**
 * What to look up in: the tags and the file given; neither: the library that comes with the Korean model. A tag that
 * stands in that library brings its content along.
 */
export async function chooseLibrary(tags: readonly string[], file: string | undefined): Promise<Entry[]> {
  const story = await readLibrary(new URL('library.json', shippedModel));
  if (tags.length === 0 && file === undefined) return story;
  const named = tags.map((tag) => story.find((entry) => entry.tag === tag) ?? { tag });
  return [...named, ...(file === undefined ? [] : await readLibrary(file))];
}

/** Reads [{"tag": …, "content": …}, …]. Throws `badLibrary`, naming the entry, and `cannotRead`. */
export async function readLibrary(path: string | URL): Promise<Entry[]> {
  const refuse = (...problems: string[]): never => {
    throw new SiseonError({
      code: 'badLibrary',
      kind: 'usage',
      what: `${String(path)}: ${problems.join('; ')}`,
      expected: '[{"tag": "…", "content": "…"}, …]',
      details: { file: String(path), problems },
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
    return refuse(...result.error.issues.map(({ path: at, message }) => `${at.join('.') || 'the file'}: ${message}`));
  return result.data.map(({ tag, content }) => (content === undefined ? { tag } : { tag, content }));
}
