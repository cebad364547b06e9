/** The ranking, or the library alone, as a file of the visitor's own. */
import { type Language, lookupSvg, unseen } from 'siseon/views';
import type { Book, Ranking } from '../engine/librarian.ts';

export const exportKinds = ['csv', 'json', 'svg'] as const;
type Kind = (typeof exportKinds)[number];

/** What `siseon lookup --json` prints, from a ranking. */
const asLookup = (ranking: Ranking, books: readonly Book[]) => ({
  model: ranking.model,
  question: ranking.question,
  scale: ranking.scale,
  temperature: ranking.temperature,
  entries: books.map(({ tag, content }, i) => ({
    tag,
    content: unseen(content) ? null : content,
    score: ranking.scores[i]!,
    cosine: ranking.cosines[i]!,
    dot: ranking.dots[i]!,
    keyNorm: ranking.keyNorms[i]!,
    spelledOut: [],
    weight: ranking.weights[i]!,
    part: ranking.parts[i]!,
  })),
  queryNorm: ranking.queryNorm,
  nearest: ranking.nearest,
  spelledOut: ranking.spelledOut,
});

/** Spreadsheets take a file for UTF-8 when it begins with this mark. */
const mark = '\ufeff';

export async function rankingFile(
  kind: Kind,
  ranking: Ranking,
  books: readonly Book[],
  { language, theme }: { readonly language: Language; readonly theme: 'light' | 'dark' },
): Promise<Blob> {
  const result = asLookup(ranking, books);
  switch (kind) {
    case 'json': {
      const entries = result.entries.map(({ spelledOut: _, ...entry }) => entry);
      return new Blob([`${JSON.stringify({ ...result, entries }, null, 1)}\n`], { type: 'application/json' });
    }
    case 'svg':
      return new Blob([lookupSvg(result, { language, theme })], { type: 'image/svg+xml' });
    case 'csv': {
      const { default: papa } = await import('papaparse');
      const rows = Array.from(ranking.order, (i, place) => {
        const { tag, content, dot, keyNorm, cosine, score, weight, part } = result.entries[i]!;
        return { rank: place + 1, tag, content: content ?? '', dot, keyNorm, cosine, score, weight, part };
      });
      // A cell that begins like a formula must not be run by whoever opens the file.
      return new Blob([mark, papa.unparse(rows, { escapeFormulae: true })], { type: 'text/csv' });
    }
  }
}

/** As `siseon lookup --library` takes it, and as this room reads it back. */
export const libraryFile = (books: readonly Book[]): Blob =>
  new Blob(
    [
      `${JSON.stringify(
        books.map(({ tag, content }) => (unseen(content) ? { tag } : { tag, content })),
        null,
        1,
      )}\n`,
    ],
    { type: 'application/json' },
  );
