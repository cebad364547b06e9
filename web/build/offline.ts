import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

const source = fileURLToPath(new URL('./serviceWorker.js', import.meta.url));

/** Emits the service worker with the list of everything the page is made of and a version that changes with any byte of it. */
export function offline(): Plugin {
  let publicFolder = '';
  return {
    name: 'offline',
    apply: 'build',
    enforce: 'post',
    configResolved(config) {
      publicFolder = config.publicDir;
    },
    generateBundle(_, bundle) {
      const hash = createHash('sha256');
      const files = ['./'];
      for (const [name, file] of Object.entries(bundle).sort(([a], [b]) => (a < b ? -1 : 1))) {
        hash.update(name).update(file.type === 'chunk' ? file.code : file.source);
        // KaTeX names every font in three formats; browsers that run the kernels ask for the first alone.
        if (!/\.(ttf|woff|map)$/.test(name) && name !== 'index.html') files.push(`./${name}`);
      }
      for (const name of readdirSync(publicFolder)) {
        hash.update(readFileSync(join(publicFolder, name)));
        files.push(`./${name}`);
      }
      const text = readFileSync(source, 'utf8')
        .replace("'{version}'", JSON.stringify(hash.digest('hex').slice(0, 16)))
        .replace("['{files}']", JSON.stringify(files));
      this.emitFile({ type: 'asset', fileName: 'serviceWorker.js', source: text });
    },
  };
}
