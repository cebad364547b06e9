// Takes every picture anew after the shipped model or the page has changed: `npm run pictures` in the root. Those of the
// README (docs/pictures), and those that the page's test compares with (web/test/pictures; they show a model trained on
// the spot, so another shipped model leaves them alone). Prints the captions, which the README says in words.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { preview } from 'vite';
import { findChromium } from '../../test/chromium.js';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const [root, whole, folder] = [path('..'), path('../..'), path('../../docs/pictures/')];
const executablePath = findChromium({ windowed: true });
if (!executablePath) process.exit(1);

for (const [language, suffix] of [
  ['en', ''],
  ['ko', '.ko'],
])
  execFileSync(
    process.execPath,
    ['dist/cli/main.js', '철수가 사과를 맛있게 먹었다', '--lang', language, '--svg', `${folder}gaze${suffix}.svg`],
    { cwd: whole },
  );

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
  console.log(
    `docs/pictures/gaze${suffix}.svg, page${suffix}.png: ${(await page.locator('.caption').textContent()).replaceAll('\u2060', '')}`,
  );
  // The pair of verb and object is cut: what the prediction becomes without it.
  await page.setViewportSize({ width: 1280, height: 1200 });
  await page.goto(`${server.resolvedUrls.local[0]}#/${language}/explore?a=7.3&e=x1.2.7-9.3-4`);
  await page.locator('.output .bar.before').first().waitFor();
  await page.locator('.one .frame').waitFor();
  await page.evaluate(() => scrollTo(0, document.querySelector('.heads').getBoundingClientRect().top - 40));
  await page.waitForTimeout(500);
  await page.screenshot({ path: `${folder}page-explore${suffix}.png` });
  await page.setViewportSize({ width: 1280, height: 960 });
  await page.goto(`${server.resolvedUrls.local[0]}#/${language}/training`);
  await page.locator('.controls button').first().click();
  await page.locator('.use button:enabled').waitFor({ timeout: 300_000 });
  await page.evaluate(() => scrollTo(0, document.querySelector('.charts').offsetTop - 40));
  await page.screenshot({ path: `${folder}page-training${suffix}.png` });
  await page.close();
}
await browser.close();
await server.close();

for (const [file, name] of [
  ['page', 'trains to the end'],
  ['train', 'trains on a text'],
])
  execFileSync('npx', ['vitest', 'run', `web/test/${file}.test.ts`, '-t', name], {
    cwd: whole,
    stdio: 'inherit',
    env: { ...process.env, UPDATE_PICTURES: '1' },
  });
