/** The hub that is asked unless the visitor names another; nothing is asked of it before the visitor says so. */
export const publicHub = 'https://huggingface.co';

/**
 * Hosts that the page may ask for models, as its content policy lists them: the public hub with the hosts that it sends large
 * files from, or a mirror on the visitor's own machine, on whatever port it listens.
 */
export const hubHosts = [
  'https://huggingface.co',
  'https://*.huggingface.co',
  'https://*.hf.co',
  'http://localhost:*',
  'http://127.0.0.1:*',
] as const;

/** Whether the policy lets the page ask there; null where it is no address at all. */
export function allowedHub(address: string): boolean | null {
  if (!URL.canParse(address)) return null;
  const { protocol, hostname } = new URL(address);
  // `localhost:1` is read as the protocol "localhost:".
  if (protocol !== 'http:' && protocol !== 'https:') return null;
  if (protocol === 'http:') return hostname === 'localhost' || hostname === '127.0.0.1';
  return protocol === 'https:' && /^(.+\.)?huggingface\.co$|^.+\.hf\.co$/.test(hostname);
}

/** A model's name, also where the address of its page on the hub was pasted: `owner/name`, with `@` and a branch that is not main. */
export function hubName(pasted: string): string {
  const [, path] = /^(?:https?:\/\/)?(?:www\.)?huggingface\.co\/(.+)$/.exec(pasted.trim()) ?? [];
  const name = (path ?? pasted.trim()).replace(/[?#].*$/, path === undefined ? '$&' : '').replace(/\/+$/, '');
  const [, repository, revision] =
    (path !== undefined && /^([^/]+\/[^/]+)\/(?:tree|blob|resolve)\/([^/]+)/.exec(name)) || [];
  return repository === undefined ? name : revision === 'main' ? repository : `${repository}@${revision}`;
}
