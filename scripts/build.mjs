// Builds dist/: kernels to WebAssembly (embedded as base64), then TypeScript. Nothing is done where dist/ is newer than all
// that it is made of: npm builds at every install, and before the first command that is run from a clone.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const run = (...args) => execFileSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
const at = (path) => join(root, path);
const changed = (path) => statSync(path).mtimeMs;
const inside = (folder) => readdirSync(folder, { recursive: true }).map((name) => join(folder, name));

/** A folder is newer than a file that was taken out of it. */
const sources = ['src', 'models', 'scripts'].flatMap((folder) => [at(folder), ...inside(at(folder))]);
const settings = ['tsconfig.json', 'package.json', 'package-lock.json'].map(at);
/** Embedded in the kernels' module, and written by the build itself. */
const binaries = ['src/kernels/binary.ts', 'src/kernels/binaryRelaxed.ts'].map(at);
/** What is written last. */
const last = at('dist/models/ko/index.js');
const whole = [last, at('dist/cli/main.js'), ...binaries].every((path) => existsSync(path));

if (!whole || Math.max(...[...sources, ...settings].map(changed)) >= changed(last)) {
  const begun = Date.now();
  run('scripts/build-kernels.mjs');
  run(tsc, '-p', 'src/tsconfig.json');
  run(tsc, '-p', 'models/tsconfig.json');
  // What is no longer made goes at the end: a program that runs meanwhile finds every file all the time.
  for (const path of inside(at('dist')))
    if (statSync(path, { throwIfNoEntry: false })?.isFile() && changed(path) < begun - 2000) rmSync(path);
  chmodSync(at('dist/cli/main.js'), 0o755);
}
