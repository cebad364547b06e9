import { existsSync } from 'node:fs';

const places = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

/**
 * Where a Chromium is: CHROMIUM_PATH, else the usual places; null, with the way to one said, where there is none.
 *
 * @returns {string | null}
 */
export function findChromium() {
  const asked = process.env.CHROMIUM_PATH;
  if (asked && !existsSync(asked)) throw new Error(`CHROMIUM_PATH is ${asked}, and there is no such file`);
  const found = asked ?? places.find(existsSync) ?? null;
  if (!found)
    console.warn(
      'No Chromium was found, and without one the page is not tested. Install one (Debian: apt-get install chromium; ' +
        'macOS: brew install --cask google-chrome) or set CHROMIUM_PATH to an executable.',
    );
  return found;
}
