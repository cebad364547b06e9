/** Which tokens make up which word, where the words come from elsewhere than the tokenizer. */
import type { Encoding } from '../model/index.ts';
import { SiseonError } from '../platform/index.ts';

/** A stretch of text, UTF-16 units. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * The tokens inside each span, in order. Every token of the text has to lie inside one of the spans (spans may share
 * tokens only by being the same), and every span needs a token. Throws `tokensDoNotAlign`, showing the alignment around the place where it fails:
 * `[토큰|토큰] [토큰]` with words in brackets and `⟨…⟩` around the token that stands across.
 */
export function alignTokens({ text, tokens }: Encoding, spans: readonly Span[]): number[][] {
  const own: number[][] = spans.map(() => []);
  let from = 0;
  for (const { index, start, end } of tokens) {
    if (start === null || end === null) continue;
    while (from < spans.length && spans[from]!.end <= start) from++;
    const span = spans[from];
    if (!span || start < span.start || end > span.end) throw astray({ text, tokens } as Encoding, spans, index);
    for (let i = from; i < spans.length && spans[i]!.start === span.start && spans[i]!.end === span.end; i++)
      own[i]!.push(index);
  }
  const bare = own.findIndex((list) => list.length === 0);
  if (bare >= 0) throw astray({ text, tokens } as Encoding, spans, null, spans[bare]!);
  return own;
}

function astray({ text, tokens }: Encoding, spans: readonly Span[], token: number | null, word?: Span): SiseonError {
  const at = token === null ? word! : { start: tokens[token]!.start!, end: tokens[token]!.end! };
  const near = ({ start, end }: Span): boolean => end > at.start - 24 && start < at.end + 24;
  const words = spans
    .filter(near)
    .map((span) => `[${text.slice(span.start, span.end)}]`)
    .join(' ');
  const shown = tokens
    .filter(({ start, end }) => start !== null && end !== null && near({ start, end }))
    .map(({ index, start, end }) => {
      const part = text.slice(start!, end!);
      return index === token ? `⟨${part}⟩` : part;
    })
    .join('|');
  return new SiseonError({
    code: 'tokensDoNotAlign',
    kind: 'failure',
    what:
      token === null
        ? `the word "${text.slice(at.start, at.end)}" has no token`
        : `the token "${text.slice(at.start, at.end)}" lies in no single word`,
    expected: `tokens inside the words ${words}`,
    got: shown,
    next: 'Use words that the tokenizer does not join or skip, or leave this text out.',
    details: { words, tokens: shown, token },
  });
}
