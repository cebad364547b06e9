/** A model of GPT-2 small's size and texts of 512 and 2,048 tokens in the room Explore. */
import { readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { gpt2Files, wordsOf } from './gpt2.mjs';

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** The square's place on the page. */
const square = '.one .frame';

/** Puts a text into the field; resolves to the milliseconds until its square is painted. */
const typed = (page, text) =>
  page.evaluate(
    async ([frame, words]) => {
      const field = document.getElementById('sentence');
      const extent = () => document.querySelector(`${frame} .extent`)?.style.height;
      const [began, before] = [performance.now(), extent()];
      field.value = words;
      field.dispatchEvent(new Event('input', { bubbles: true }));
      // A word more is a row more: the square is another as soon as its extent is, and painted in the frame that follows.
      while (extent() === before || extent() === undefined) await new Promise((resolve) => setTimeout(resolve));
      await new Promise((resolve) => requestAnimationFrame(resolve));
      return performance.now() - began;
    },
    [square, text],
  );

/** Until the pictures of all heads are the newest text's, and what is told beside the square has come. */
async function settled(page) {
  let [last, since] = ['', Date.now()];
  for (;;) {
    const now = await page.evaluate(() => {
      const heads = document.querySelector('.grid');
      const [words, newest] = [document.querySelectorAll('.gaze .word'), document.getElementById('sentence').value];
      // The sentence comes behind the square, and the heads after it.
      const behind = words.length !== newest.split(' ').length;
      const busy = behind || !heads || heads.ariaBusy === 'true' || heads.querySelector('.waiting');
      return busy ? '' : document.querySelector('main').textContent;
    });
    // The heads begin 250 ms after the last letter, and the prediction with them.
    if (now === '' || now !== last) [last, since] = [now, Date.now()];
    if (now !== '' && Date.now() - since > 1500) return since;
    await page.waitForTimeout(50);
  }
}

/** Milliseconds between frames while `move` is called before each of them. */
const frames = (page, move, count) =>
  page.evaluate(
    async ([frame, source, total]) => {
      const element = document.querySelector(frame);
      element.scrollIntoView({ block: 'center' });
      const step = new Function('element', 'n', source);
      const times = [];
      let before = await new Promise((resolve) => requestAnimationFrame(resolve));
      for (let n = 0; n < total; n++) {
        step(element, n);
        const now = await new Promise((resolve) => requestAnimationFrame(resolve));
        times.push(now - before);
        before = now;
      }
      return times;
    },
    [square, move, count],
  );
const perSecond = (times) => (1000 * times.length) / times.reduce((sum, time) => sum + time, 0);
const hover = `
  const canvas = element;
  const box = canvas.getBoundingClientRect();
  const at = (extent, pace) => extent * (0.3 + 0.6 * Math.abs(((n * pace) % 2) - 1));
  canvas.dispatchEvent(new PointerEvent('pointermove', {
    bubbles: true, clientX: box.left + at(box.width, 0.031), clientY: box.top + at(box.height, 0.017),
  }));`;
const scroll = 'element.scrollTop += 40; element.scrollLeft += 25;';

/** The same of a box with nothing in it: what the machine leaves for any page at the moment. */
async function emptyBox(browser) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  await page.setContent(
    '<div class="one"><div class="frame" style="width: 600px; height: 544px; overflow: auto"><div style="width: 40000px; height: 40000px"></div></div></div>',
  );
  await frames(page, scroll, 20);
  const times = await frames(page, scroll, 180);
  await page.close();
  return perSecond(times);
}

/** Resident bytes of the browser's process that runs the page. */
async function resident(browser) {
  const tools = await browser.newBrowserCDPSession();
  const { processInfo } = await tools.send('SystemInfo.getProcessInfo');
  const sizes = processInfo
    .filter(({ type }) => type === 'renderer')
    .map(({ id }) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, 'utf8'))[1]) * 1024);
  return Math.max(...sizes);
}

/** Prints what a keystroke, hovering and scrolling take, and the memory of the tab. */
export async function measureLarge(browser, address, print) {
  const files = gpt2Files();
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  page.on('pageerror', (error) => console.error(error));
  try {
    const prefix = wordsOf(64);
    await page.goto(`${address}#/en/explore?u=token`);
    await page.locator(square).first().waitFor();
    await page.locator('#own-files').setInputFiles(files);
    const opening = Date.now();
    await page.locator('section:has(#own) .row button').last().waitFor();
    await page.locator('section:has(#own) p.row button').first().click();
    await page
      .getByText(/125,226,240/)
      .first()
      .waitFor({ timeout: 200_000 });
    print('GPT-2-small-sized model from files, opened', (Date.now() - opening) / 1000, 's');
    await typed(page, prefix);
    await settled(page);
    const times = [];
    for (let n = 0; n < 12; n++) times.push(await typed(page, `${prefix} ${wordsOf(n + 1)}`));
    print('keystroke to new picture, GPT-2-small-sized, 64 words', median(times.slice(2)), 'ms', 150);
    await settled(page);
    for (const count of [512, 2048]) {
      const began = Date.now();
      print(`text of ${count} tokens to its picture`, (await typed(page, wordsOf(count))) / 1000, 's');
      print('and to the pictures of all 144 heads', ((await settled(page)) - began) / 1000, 's');
      await frames(page, hover, 20);
      print(`hovering its matrix, frames a second`, perSecond(await frames(page, hover, 180)), '/s', 58, true);
      const moved = await frames(page, scroll, 180);
      print(`scrolling it, frames a second`, perSecond(moved), '/s', 58, true);
      print(`scrolling an empty box`, await emptyBox(browser), '/s');
      print(`the longest frame of it`, Math.max(...moved), 'ms');
      print(`memory of the tab, parameters included`, (await resident(browser)) / 1e6, 'MB');
    }
    const last = `${wordsOf(2047)} w1`;
    await typed(page, wordsOf(2047));
    await settled(page);
    print('keystroke to new picture at 2,048 tokens', await typed(page, last), 'ms');
  } finally {
    await page.close();
    rmSync(dirname(files[0]), { recursive: true });
  }
}
