// Takes the pictures of the README anew: `npm run pictures -w web`, after the shipped model or the page has changed.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { preview } from 'vite';
import { findChromium } from '../test/chromium.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = fileURLToPath(new URL('../../docs/pictures/', import.meta.url));
const executablePath = findChromium();
if (!executablePath) process.exit(1);
execFileSync('npx', ['vite', 'build', '--logLevel', 'error'], { cwd: root, stdio: 'inherit' });
const server = await preview({ root, logLevel: 'error', preview: { port: 4319, open: false } });
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
for (const [language, suffix] of [
  ['en', ''],
  ['ko', '.ko'],
]) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 960 }, reducedMotion: 'reduce' });
  await page.goto(`${server.resolvedUrls.local[0]}#/${language}/opening`);
  await page.locator('data').first().waitFor();
  await page.screenshot({ path: `${folder}page${suffix}.png` });
  await page.goto(`${server.resolvedUrls.local[0]}#/${language}/training`);
  await page.locator('.controls button').first().click();
  await page.locator('.use button:enabled').waitFor({ timeout: 60_000 });
  await page.evaluate(() => scrollTo(0, document.querySelector('.charts').offsetTop - 40));
  await page.screenshot({ path: `${folder}page-training${suffix}.png` });
  await page.close();
}
await browser.close();
await server.close();
