import { readFileSync } from 'node:fs';
import { joined } from 'siseon/views';
import { expect, it } from 'vitest';
import { joinedMessages } from '../build/joinedMessages.ts';

it('keeps a particle with the sign before it, and a bracket with its word', () => {
  const shown = (text: string): string => joined(text).replaceAll('\u2060', '|');
  expect(shown('‘사과를’의 가중치는 9%예요.')).toBe('‘사과를’|의 가중치는 9%|예요.');
  expect(shown('질문(Query)을 색인 (Key)과')).toBe('질문|(Query)|을 색인 (Key)|과');
  expect(shown('‖내용‖이에요')).toBe('‖|내용‖|이에요');
  expect(joined('볼 수 있어요. 한 수 위')).toBe('볼\u00a0수\u00a0있어요. 한 수 위');
  expect(shown('“사과” gives 0.71 (71%).')).toBe('“사과” gives 0.71 (71%).');
  expect(joined(joined('‘가’는'))).toBe(joined('‘가’는'));
});

it('does so in every Korean message that is built, whatever is put into it, and in no English one', () => {
  const { transform } = joinedMessages();
  const id = '/anywhere/src/paraglide/messages/step3_caption_measured.js';
  const built = (id: string, code: string): string | null => transform(code, id)?.code ?? null;
  /** As a message with places to fill is built, the English one behind the Korean. */
  const of = (text: string): string =>
    `const ko = (i) => { return (\`${text.replaceAll('{', '${i?.')}\`) };\nconst en = (i) => { return (\`(a)\${i?.b}\`) };`;
  expect(built(id, of('결과의 {part}{josa} ‘{best}’{suffix}'))).toBe(of('결과의 {part}{josa} ‘{best}’\u2060{suffix}'));
  expect(built('/anywhere/src/words.ts', of('‘가’는'))).toBe(null);
  const messages = Object.values(
    JSON.parse(readFileSync(new URL('../messages/ko.json', import.meta.url), 'utf8')) as Record<string, string>,
  ).filter((text) => typeof text === 'string');
  for (const text of messages) {
    const code = built(id, of(text))!;
    expect(code.split('const en')[0]).not.toMatch(/[’”」)%](?:[가-힣]|\$\{)/);
    expect(text, 'a message has no word joiner of its own').not.toContain('\u2060');
  }
});
