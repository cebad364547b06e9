/** Work that can be stopped. */
import { SiseonError } from 'siseon/platform';

/** Runs something that can be stopped: then it throws `cancelled`, whatever it was in the middle of. */
export async function cancellable<T>({ signal }: AbortController, what: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    if (!signal.aborted) throw cause;
    throw new SiseonError({ code: 'cancelled', kind: 'usage', what: `${what} was cancelled` });
  }
}
