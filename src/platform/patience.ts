/** `fetch` that waits and asks again where a server is busy or a connection breaks. */

export interface Patience {
  /** Asked at most this often. */
  readonly attempts: number;
  /** Waits this long before the second time, and twice as long before each one after; milliseconds. */
  readonly firstWait: number;
  readonly signal?: AbortSignal;
}

/** No server is waited for longer than this, whatever it asks for; milliseconds. */
const LONGEST_WAIT = 30_000;

/** Waits; rejects with the signal's reason. */
export function wait(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', stop, { once: true });
  });
}

/** True for answers that may be different in a while: too many requests, and failures of the server. */
export const isPassing = (status: number): boolean => status === 429 || status >= 500;

/** How long to wait before asking again: what the server says, else twice as long each time. */
export function pause(response: Response | null, attempt: number, firstWait: number): number {
  const said = Number(response?.headers.get('retry-after'));
  return Math.min(LONGEST_WAIT, said > 0 ? said * 1000 : firstWait * 2 ** attempt);
}

/** The last answer, good or bad, or the last failure of the connection. */
export function patientFetch({ attempts, firstWait, signal }: Patience): typeof fetch {
  return async (input, init) => {
    for (let attempt = 0; ; attempt++) {
      const last = attempt === attempts - 1;
      try {
        const response = await fetch(input, { ...init, ...(signal && { signal }) });
        if (!isPassing(response.status) || last) return response;
        await response.body?.cancel();
        await wait(pause(response, attempt, firstWait), signal);
      } catch (cause) {
        signal?.throwIfAborted();
        if (last) throw cause;
        await wait(pause(null, attempt, firstWait), signal);
      }
    }
  };
}
