import { loadModel } from 'siseon/model';
import { modelFolder } from 'siseon/models/ko';
import { expect, it } from 'vitest';
import { wholeSigns } from './wholeSigns.ts';

it('an emoji of seven letters and joiners is one unknown sign; a joiner behind a letter that is known is told by itself', async () => {
  const { tokenizer } = await loadModel(modelFolder);
  const family = '👩‍👩‍👧‍👦';
  const text = `철수가 ${family} 먹\u200d었다 🍎`;
  const { notices } = tokenizer!.encode(text);
  expect(notices.filter(({ code }) => code === 'unknownCharacter').length).toBeGreaterThan(2);
  expect(wholeSigns(notices, text).map((notice) => [notice.code, notice.text])).toEqual([
    ['unknownCharacter', family],
    ['unknownCharacter', '\u200d'],
    ['unknownCharacter', '🍎'],
  ]);
});
