import { SiseonError } from '../../platform/index.ts';

/** A part of a tokenizer that is not known here: it would change the tokens, so nothing is guessed. */
export function unknownPart(part: string, got: unknown, known: readonly string[]): SiseonError {
  return new SiseonError({
    code: 'unknownTokenizer',
    kind: 'failure',
    what: `tokenizer.json: ${part}`,
    expected: known.length > 1 ? `one of ${known.join(', ')}` : known[0]!,
    got: JSON.stringify(got) ?? 'nothing',
    next: "This version reads no other kind; give token ids instead (loadModel with tokenizer: 'none').",
  });
}

export function badTokenizer(problem: string, cause?: unknown): SiseonError {
  return new SiseonError({
    code: 'badTokenizer',
    kind: 'failure',
    what: `tokenizer.json cannot be read: ${problem}`,
    next: 'The file is damaged; fetch it again.',
    cause,
  });
}
