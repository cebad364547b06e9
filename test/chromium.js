import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

/** Without the windows, tabs and menus that no test looks at: three quarters of the work, for the same pages. */
const windowless = ['/usr/bin/chromium-headless-shell'];
const places = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

/**
 * How every test starts it. Chromium draws the list below its field of addresses as a page of its own, which each window
 * that a test opens would load anew, for as much work as half of a visit. Of features that are disabled the last list
 * alone counts: Playwright's own (its chromiumSwitches.ts) stands in front.
 */
export const chromiumArguments = [
  '--no-sandbox',
  // Letters as wide as in a window.
  '--font-render-hinting=none',
  `--disable-features=${[
    'AvoidUnnecessaryBeforeUnloadCheckSync',
    'DestroyProfileOnBrowserClose',
    'HttpsUpgrades',
    'HttpsFirstBalancedModeAutoEnable',
    'LensOverlay',
    'MediaRouter',
    'PaintHolding',
    'ThirdPartyStoragePartitioning',
    'AvoidCorsURLLoaderRestartOnRedirect',
    'TcpPortRandomizationWin',
    'OptimizationHints',
    'NetworkTimeServiceQuerying',
    'AimEnabled',
    'PreconnectToSearch',
    'WebUIOmniboxPopup',
    'WebUIOmniboxAimPopup',
  ].join()}`,
];

/**
 * Where a Chromium is: CHROMIUM_PATH, else the usual places, else the one that Playwright downloaded; null without any.
 * `windowed`: what a visitor has, to measure on.
 *
 * @param {{ windowed?: boolean }} [options]
 * @returns {string | null}
 */
export function findChromium({ windowed = false } = {}) {
  const asked = process.env.CHROMIUM_PATH;
  if (asked && !existsSync(asked)) throw new Error(`CHROMIUM_PATH is ${asked}, and there is no such file`);
  return asked ?? [...(windowed ? [] : windowless), ...places, chromium.executablePath()].find(existsSync) ?? null;
}
