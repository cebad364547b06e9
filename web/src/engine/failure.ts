/** What the page is told of what went wrong: enough to say it, and the way on, in either language. */
import type { ErrorFacts } from 'siseon/korean';
import type { SiseonError } from 'siseon/platform';

export interface Failure extends Pick<ErrorFacts, 'code' | 'details'> {
  readonly message: string;
  /** Halves of the package's own errors, for the text in Korean. */
  readonly parts?: ErrorFacts['parts'];
}

/** An error of the package as facts, which can be copied between threads. */
export const factsOf = ({ code, message, details, parts }: SiseonError): Failure => ({ code, message, details, parts });
