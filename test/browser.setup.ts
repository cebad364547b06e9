/** Before the tests: a Chromium is found or installed; where neither can be, the way to one is said and its tests are skipped. */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { findChromium } from './chromium.js';

const playwright = join(dirname(createRequire(import.meta.url).resolve('playwright-core/package.json')), 'cli.js');
const minutes = 60_000;

/** The first of these that leaves a Chromium behind is enough; only an administrator may ask Debian for its package. */
const ways: readonly (readonly [command: string, ...args: string[]])[] = [
  ...(process.getuid?.() === 0
    ? ['chromium-headless-shell', 'chromium'].map(
        (name) => ['sh', '-c', `apt-get update && apt-get install -y --no-install-recommends ${name}`] as const,
      )
    : []),
  [process.execPath, playwright, 'install', '--no-shell', 'chromium'],
];

export default function setup(): void {
  for (const [command, ...args] of ways) {
    if (findChromium()) return;
    console.log(`No Chromium was found: ${[command, ...args].join(' ')}`);
    spawnSync(command, args, { stdio: 'inherit', timeout: 5 * minutes });
  }
  if (findChromium()) return;
  console.warn(
    'No Chromium was found and none could be installed: the tests of the page are skipped. Install one (Debian: apt-get ' +
      'install chromium; macOS: brew install --cask google-chrome) or set CHROMIUM_PATH to an executable.',
  );
}
