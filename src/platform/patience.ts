/** `fetch` that waits and asks again where a server is busy, silent, or a connection breaks. */

export interface Patience {
  /** Asked at most this often. */
  readonly attempts: number;
  /** Waits this long before the second time, and twice as long before each one after; milliseconds. */
  readonly firstWait: number;
  /** A server that says nothing for this long is asked anew; milliseconds. */
  readonly silence: number;
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

/** Milliseconds to wait before asking again: what the server says (RFC 9110: seconds or a date), else twice as long each time. */
export function pause(retryAfter: string | null, attempt: number, firstWait: number, now = Date.now()): number {
  const seconds = Number(retryAfter || NaN);
  const said = Number.isNaN(seconds) ? Date.parse(retryAfter ?? '') - now : 1000 * seconds;
  return Math.min(LONGEST_WAIT, said > 0 ? said : firstWait * 2 ** attempt);
}

/** What went wrong with a connection, in words: what lies beneath "fetch failed". */
export function problemOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const { code, message } = (cause.cause ?? {}) as { code?: string; message?: string };
  return (code ?? message) ? `${cause.message} (${code ?? message})` : cause.message;
}

/** A signal that fires when it is not touched for so long, or when another one does. */
export function whileHeard(
  silence: number,
  signal?: AbortSignal,
): { readonly signal: AbortSignal; touch(): void; stop(): void } {
  const own = new AbortController();
  const begin = (): ReturnType<typeof setTimeout> =>
    setTimeout(() => own.abort(new Error(`the server said nothing for ${silence / 1000} s`)), silence);
  let timer = begin();
  return {
    signal: signal ? AbortSignal.any([own.signal, signal]) : own.signal,
    touch() {
      clearTimeout(timer);
      timer = begin();
    },
    stop: () => clearTimeout(timer),
  };
}

/** The last answer, good or bad, whole; or the last failure of the connection. */
export function patientFetch({ attempts, firstWait, silence, signal }: Patience): typeof fetch {
  return async (input, init) => {
    for (let attempt = 0; ; attempt++) {
      const last = attempt === attempts - 1;
      const heard = whileHeard(silence, signal);
      let retryAfter: string | null = null;
      try {
        const response = await fetch(input, { ...init, signal: heard.signal });
        const body = await response.arrayBuffer();
        const { status, statusText, headers } = response;
        const whole = new Response([204, 205, 304].includes(status) ? null : body, { status, statusText, headers });
        Object.defineProperty(whole, 'url', { value: response.url });
        if (!isPassing(status) || last) return whole;
        retryAfter = headers.get('retry-after');
      } catch (cause) {
        signal?.throwIfAborted();
        if (last) throw cause;
      } finally {
        heard.stop();
      }
      await wait(pause(retryAfter, attempt, firstWait), signal);
    }
  };
}
