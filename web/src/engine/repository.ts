/** A model's name on the hub: `owner/name`, with `@` a branch of it, or with one .gguf file of it behind. */
import { isHubName } from 'siseon/platform';

export interface Repository {
  readonly repository: string;
  readonly revision: string | undefined;
  readonly file: string | null;
}

/** null: it can be no model's name. */
export function readRepository(name: string): Repository | null {
  const [, path = name, revision] = /^([^@]+)@(.+)$/.exec(name) ?? [];
  const [, repository = path, file = null] = /^(.+)\/([^/]+\.gguf)$/.exec(path) ?? [];
  return isHubName(repository) ? { repository, revision, file } : null;
}
