import type { Page } from 'playwright-core';
import { look, pair } from 'siseon/lens';
import { loadModel } from 'siseon/model';
import { modelFolder } from 'siseon/models/ko';
import { recordTrace } from 'siseon/trace';
import { caption, joined } from 'siseon/views';
import { expect, it } from 'vitest';
import { accessible, onThePage, onto, walked } from './onThePage.ts';

const model = await loadModel(modelFolder);
const text = '철수가 빵을 맛있게 먹었다';

/** A number of the page's, once it is the library's. */
const shown = (page: Page, of: string, expected: number): Promise<unknown> =>
  page.waitForFunction(
    ([name, number]) => {
      const value = document.querySelector(`data[data-of="${name}"]`)?.getAttribute('value');
      return value && Math.abs(Number(value) - number) <= 1e-5;
    },
    [of, expected] as const,
  );
const press = async (page: Page, key: string, times = 1): Promise<void> => {
  for (let i = 0; i < times; i++) await page.keyboard.press(key);
};
/** Onto it by Tab, and pressed. */
const enter = async (page: Page, said: string): Promise<void> => {
  await onto(page, said);
  await page.keyboard.press('Enter');
};

onThePage('the room Learn', (_site, visited) => {
  it(
    'is gone through with the keyboard alone, from the first sentence to the address copied, with every ring whole and axe content where it trained',
    () =>
      visited(
        async ({ page, open }) => {
          const part = (title: string): Promise<unknown> =>
            page.waitForFunction((words) => {
              const { activeElement } = document;
              return activeElement?.tagName === 'H1' && activeElement.textContent === words;
            }, title);
          /** From where the focus is to the end, from the top to the end, and on to the next part. */
          const onward = async (said: string, title: string): Promise<void> => {
            await walked(page);
            await walked(page);
            await enter(page, said);
            await part(title);
          };

          await open('#/ko/opening');
          await page.locator('.gaze button').first().waitFor();
          await enter(page, '본문으로 건너뛰기');
          await part('지금 어떤 정보에 집중할 것인가?');
          await onto(page, 'sentence');
          await press(page, 'Control+a');
          await page.keyboard.type(text);
          await page.getByText(/자리가 아니라 관계를 보고 있는지/).waitFor();
          await enter(page, '철수가');
          const trace = await recordTrace(model, { text });
          await page.getByText(joined(caption(await look(trace, model, { query: 0 }), 'ko', 'friendly'))).waitFor();
          await onward('다음: 도서관', '도서관: 질문, 색인, 내용');

          await onto(page, 'question');
          await page.keyboard.type(' 책');
          expect(await page.locator('#question').inputValue()).toContain('책');
          await enter(page, '책장 더하기');
          await page.waitForFunction(() => document.querySelectorAll('.shelf .tag').length === 5);
          await onto(page, 'temperature');
          await press(page, 'Home');
          await page.waitForFunction(() =>
            [...document.querySelectorAll('data[data-of^="foundWeight:"]')].some(
              (weight) => Number(weight.getAttribute('value')) > 0.99,
            ),
          );
          await press(page, 'End');
          await page.getByText(/한쪽 끝은 검색이라서/).waitFor();
          await onward('다음: 문장', '문장, 한 걸음씩');

          await enter(page, '먹었다');
          const first = await look(trace, model);
          await page.getByText(joined(caption(first, 'ko', 'friendly'))).waitFor();
          await enter(page, 'L1·H0');
          const seen = await look(trace, model, { layer: 1, head: 0 });
          await page.getByText(joined(caption(seen, 'ko', 'friendly'))).waitFor();
          const asked = seen.keys[1]!.tokens[0]!;
          await enter(page, asked.text);
          await shown(page, 'pair:dot', asked.dot);
          const heaviest = seen.keys.reduce((a, b) => (b.weight > a.weight ? b : a));
          await onto(page, `${heaviest.text}의 가중치`);
          await press(page, 'Home');
          await page.getByText(/이제 결과는 주로/).waitFor();
          await shown(page, `mixed:${seen.keys.indexOf(heaviest)}`, 0);
          await enter(page, '모델이 잰 가중치로');
          await shown(page, `mixed:${seen.keys.indexOf(heaviest)}`, heaviest.weight);
          await onward('다음: 내적', '왜 하필 내적인가?');

          // B from 55° to a right angle with A, which points to 20°; then nearer to A than C, which is longer.
          await onto(page, 'B의 방향');
          await press(page, 'ArrowRight', 55);
          await page.getByText(/직각이에요/).waitFor();
          await press(page, 'ArrowLeft', 30);
          await onto(page, 'C의 길이');
          await press(page, 'End');
          await onto(page, 'C의 방향');
          await press(page, 'ArrowLeft', 65);
          await page.getByText(/길어서 이겼어요/).waitFor();
          // The longest arrow's name stands within the picture.
          const board = page.getByRole('img', { name: '질문 A와 색인 B, C의 화살표' });
          const [frame, name] = [await board.boundingBox(), await board.getByText('C', { exact: true }).boundingBox()];
          expect(name!.y).toBeGreaterThanOrEqual(frame!.y);
          const separator = seen.keys[0]!;
          await enter(page, separator.text);
          await shown(page, `dot:${separator.tokens[0]!.token}`, separator.tokens[0]!.dot);
          await onward('다음: 학습', '학습: 어디를 볼지 배우는 과정');

          await enter(page, '학습 시작');
          await enter(page, '멈춤');
          await enter(page, '이어서');
          await page.locator('.use button:enabled').waitFor({ timeout: 500_000 });
          await onto(page, 'training-scrub');
          await press(page, 'Home');
          await page.getByText(/스스로 찾은/).waitFor();
          await press(page, 'End');
          await accessible(page);
          await enter(page, '이 모델로 페이지 보기');
          await page.getByText(/지금 모든 부분의 숫자는/).waitFor();
          await page.getByText(/^모델 시드 \d+, 걸음 \d+/).waitFor();
          await walked(page);
          await enter(page, '원래 모델로 돌아가기');
          await page.locator('.use button:enabled').waitFor();
          await onward('다음: 분해', '끝까지 풀어 보기');

          const cell = await pair(trace, model, { query: 3, keyToken: asked.token, layer: 1, head: 0 });
          // Another model has had other heads: who asks, and in which, is said anew.
          await enter(page, '먹었다');
          await enter(page, 'L1·H0');
          await page
            .getByText(/^L1·H0/)
            .and(page.locator('[aria-pressed=true] .name'))
            .waitFor();
          await enter(page, asked.text);
          await shown(page, 'pair:dot', cell.dot);
          // The products are one stop of the keyboard: the first key chooses the first, the arrows go from one to the next.
          const most = cell.products.indexOf(Math.max(...cell.products));
          await onto(page, '4. 곱셈 하나하나');
          await press(page, 'ArrowRight', most + 1);
          await page.getByText(/이 곱셈 하나가/).waitFor();
          await onward('다음: 정리', '정리');

          await enter(page, '빵을');
          await page.getByText(/어느 단어가 묻든 하는 일은 같아요/).waitFor();
          await enter(page, '주소 복사');
          await page.locator('[role=status]', { hasText: '복사' }).waitFor();
          await walked(page);
          expect((await walked(page)).at(-1)).toBe('다음: 살펴보기');
        },
        { permissions: ['clipboard-read', 'clipboard-write'] },
      ),
    700_000,
  );
});
