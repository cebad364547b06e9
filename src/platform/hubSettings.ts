/** Where the hub is, who asks it and where its files are kept: Python's environment variables, with Python's meaning. */
import { builtin } from './builtin.ts';
import { inNode } from './machine.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** HF_ENDPOINT, else the public hub. */
export const endpointOf = ({ HF_ENDPOINT }: Environment): string =>
  (HF_ENDPOINT || 'https://huggingface.co').replace(/\/+$/, '');

/** HF_HUB_OFFLINE: nothing is asked of the network. */
export const isOffline = ({ HF_HUB_OFFLINE }: Environment): boolean => /^(1|on|yes|true)$/i.test(HF_HUB_OFFLINE ?? '');

/** HF_HOME, else the folder `huggingface` of the user's cache. Node alone. */
function homeOf({ HF_HOME, XDG_CACHE_HOME }: Environment): string {
  const { join } = builtin('node:path');
  const { homedir } = builtin('node:os');
  const home = HF_HOME || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'huggingface');
  return home.replace(/^~(?=$|\/)/, homedir());
}

/** The folder of a model: in HF_HUB_CACHE, else in HF_HOME's `hub`. Node alone. */
export function folderOfModel(model: string, environment: Environment): string {
  const { join } = builtin('node:path');
  return join(environment.HF_HUB_CACHE || join(homeOf(environment), 'hub'), `models--${model.replaceAll('/', '--')}`);
}

/** HF_TOKEN, else what logging in left in the file HF_TOKEN_PATH or HF_HOME's `token`. */
export async function tokenOf(environment: Environment): Promise<string | undefined> {
  const { HF_TOKEN, HF_TOKEN_PATH } = environment;
  if (HF_TOKEN?.trim()) return HF_TOKEN.trim();
  if (!inNode) return undefined;
  const { join } = builtin('node:path');
  const { readFile } = builtin('node:fs/promises');
  return readFile(HF_TOKEN_PATH || join(homeOf(environment), 'token'), 'utf8').then(
    (text) => text.trim() || undefined,
    () => undefined,
  );
}
