/**
 * Workers for the engine. The first is begun as soon as this module is read, before anything else of the page: while the
 * page is put together, it fetches the model.
 */

interface Begun {
  readonly worker: Worker;
  /** Resolves with what the browser says when the worker is gone, or never came. */
  readonly lost: Promise<string>;
}

function begin(): Begun {
  // Its name says where the model is, so that it need not be asked first.
  const name = new URL('./model/', document.baseURI).href;
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name });
  const lost = new Promise<string>((resolve) => {
    worker.onerror = (event) => {
      event.preventDefault();
      resolve(event.message);
    };
  });
  return { worker, lost };
}

let first: Begun | null = begin();

/** The worker that was begun first, then others. */
export function nextWorker(): Begun {
  const next = first ?? begin();
  first = null;
  return next;
}
