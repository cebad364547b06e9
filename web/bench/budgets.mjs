// Measures the page's budgets in a browser and prints them: `npm run bench:web` in the root. Exit code 1 where one is missed.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import { preview } from 'vite';
import { findChromium } from '../../test/chromium.js';
import { measureLarge } from './large.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const executablePath = findChromium({ windowed: true });
if (!executablePath) process.exit(1);
execFileSync('npx', ['vite', 'build', '--logLevel', 'error'], { cwd: root, stdio: 'inherit' });

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
let missed = false;
/** Without a limit: a number to know. */
function print(what, value, unit, limit, atLeast = false) {
  const line = `${what.padEnd(56)} ${value.toFixed(1).padStart(8)} ${unit.padEnd(4)}`;
  if (limit === undefined) return console.log(line);
  const met = atLeast ? value >= limit : value < limit;
  missed ||= !met;
  const bound = `${atLeast ? 'at least' : 'below'} ${limit} ${unit}`;
  console.log(`${line} ${bound.padEnd(18)} ${met ? 'met' : 'MISSED'}`);
}

// What is loaded before the first attention is on screen: the entry, the page, the first part, the worker, and their imports.
const assets = new URL('../dist/assets/', import.meta.url);
const first = readdirSync(assets).filter((name) => /^(index|page|Opening|worker)-.*\.js$/.test(name));
const needed = new Set(first);
for (const name of needed)
  for (const [, file] of readFileSync(new URL(name, assets), 'utf8').matchAll(/from\s*["'`]\.\/([\w.-]+\.js)["'`]/g))
    needed.add(file);
const bytes = [...needed].reduce((sum, name) => sum + gzipSync(readFileSync(new URL(name, assets))).length, 0);
print('initial script, worker included, gzip', bytes / 1000, 'kB', 250);

const server = await preview({ root, logLevel: 'error', preview: { port: 4318, open: false } });
const address = server.resolvedUrls.local[0];
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });

const starts = [];
for (let i = 0; i < 5; i++) {
  const context = await browser.newContext({ locale: 'ko-KR' });
  const page = await context.newPage();
  await page.addInitScript(() => {
    const watch = new MutationObserver(() => {
      if (!document.querySelector('data')) return;
      window.firstAttention ??= performance.now();
      watch.disconnect();
    });
    watch.observe(document, { childList: true, subtree: true });
  });
  // A new window of Chromium first loads pages of its own.
  await page.waitForTimeout(1000);
  await page.goto(address);
  await page.waitForFunction(() => window.firstAttention !== undefined);
  starts.push(await page.evaluate(() => window.firstAttention));
  await context.close();
}
print('navigation to first attention, cold, median of 5', median(starts), 'ms', 1000);

const page = await browser.newPage({ locale: 'ko-KR' });
await page.goto(address);
await page.locator('data').first().waitFor();
const strokes = await page.evaluate(async () => {
  const field = document.getElementById('sentence');
  const type = async (text) => {
    const began = performance.now();
    const words = text.split(' ').length + 2;
    field.value = text;
    field.dispatchEvent(new Event('input', { bubbles: true }));
    // The picture is there when its last word is the one typed and the frame is on its way.
    const last = text.split(' ').at(-1);
    while (
      document.querySelectorAll('.gaze .word').length + 2 !== words ||
      [...document.querySelectorAll('.gaze .word')].at(-1).textContent !== last
    )
      await new Promise((resolve) => setTimeout(resolve));
    await new Promise((resolve) => requestAnimationFrame(resolve));
    return performance.now() - began;
  };
  const twelve = '할머니께서 어제 시장에서 손자에게 아주 커다란 수박을 기쁘게 사 주시고 웃으며';
  const times = [];
  for (let i = 0; i < 24; i++) times.push(await type(`${twelve} ${i % 2 ? '갔다' : '왔다'}`));
  return times.slice(4);
});
print('keystroke to new picture, 12 words, median of 20', median(strokes), 'ms', 50);

await page.goto(`${address}#/ko/training`);
const began = performance.now();
await page.locator('.controls button').first().click();
await page.locator('.use button:enabled').waitFor({ timeout: 120_000 });
const seconds = (performance.now() - began) / 1000;
const reports = await page.evaluate(() => document.querySelector('#training-scrub').max);
print('training to the end', seconds, 's', 60);
print('training, pictures a second', Number(reports) / seconds, '/s', 10, true);
await measureLarge(browser, address, print);
await browser.close();
await server.close();
process.exit(missed ? 1 : 0);
