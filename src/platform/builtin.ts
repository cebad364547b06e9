/**
 * Node's own modules, had without an import: a bundler for browsers that meets `node:` in an import stops (esbuild,
 * webpack), though a page never gets there. `process.getBuiltinModule`: Node 20.16 and newer, Deno, Bun.
 */

/** All of Node that the library uses. */
interface Builtins {
  'node:crypto': typeof import('node:crypto');
  'node:fs': typeof import('node:fs');
  'node:fs/promises': typeof import('node:fs/promises');
  'node:os': typeof import('node:os');
  'node:path': typeof import('node:path');
  'node:url': typeof import('node:url');
  'node:worker_threads': typeof import('node:worker_threads');
}

/** A module of Node; undefined on a page. */
export function builtinIfAny<Name extends keyof Builtins>(name: Name): Builtins[Name] | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
  return process?.getBuiltinModule?.(name) as Builtins[Name] | undefined;
}

/** A module of Node; throws on a page, which has no disk. */
export function builtin<Name extends keyof Builtins>(name: Name): Builtins[Name] {
  const found = builtinIfAny(name);
  if (found) return found;
  throw new Error('a page has no disk: give an address (https:, blob:, data:) or dropped files (blobFolder)');
}
