export interface ErrorParts {
  /** A stable name for programs, such as `textTooLong`. */
  readonly code: string;
  /** `usage`: asked for wrongly (exit code 2); `failure`: something is broken (exit code 1). */
  readonly kind: 'usage' | 'failure';
  readonly what: string;
  readonly expected?: string;
  readonly got?: string;
  /** The next step, as a sentence. */
  readonly next?: string;
  /** The same facts for programs. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** Every error that this package throws on purpose: what, expected, got, and the next step. */
export class SiseonError extends Error {
  override readonly name = 'SiseonError';
  readonly code: string;
  readonly kind: 'usage' | 'failure';
  readonly details: Readonly<Record<string, unknown>>;
  /** What the message was made of, for one in another language. */
  readonly parts: Pick<ErrorParts, 'what' | 'expected' | 'got' | 'next'>;

  constructor({ code, kind, what, expected, got, next, details, cause }: ErrorParts) {
    const contrast = [expected && `expected ${expected}`, got && `got ${got}`].filter(Boolean).join(', ');
    super(`${what}${contrast ? `: ${contrast}` : ''}.${next ? ` ${next}` : ''}`.replace(/([.?])\.(?= |$)/, '$1'), {
      cause,
    });
    this.code = code;
    this.kind = kind;
    this.details = details ?? {};
    this.parts = { what, ...(expected && { expected }), ...(got && { got }), ...(next && { next }) };
  }
}
