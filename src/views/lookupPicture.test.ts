import { expect, it } from 'vitest';
import { lookupSvg } from './index.ts';

it('draws the best tags, a bar as long as its weight, and counts the rest', () => {
  const entry = (tag: string, score: number, weight: number) => ({
    tag,
    content: null,
    score,
    cosine: 0.5,
    spelledOut: [],
    weight,
    part: weight,
  });
  const result = {
    model: 'm',
    question: '무엇 <&>',
    scale: 1,
    temperature: 1,
    entries: [entry('가', 1, 0.25), entry('나 & 다', 2, 0.5), entry('라', 0, 0.125), entry('마', -1, 0.125)],
    nearest: 1,
    spelledOut: [],
  };
  const svg = lookupSvg(result, { language: 'ko', most: 2 });
  // The whole width is 704.
  expect([...svg.matchAll(/width="([\d.]+)" height="3"/g)].map(([, width]) => Number(width))).toEqual([352, 176]);
  expect(svg).toContain('나 &amp; 다');
  expect(svg).toContain('무엇 &lt;&amp;&gt;');
  expect(svg).toContain('나머지 색인 2개의 가중치를 모두 더하면 0.25입니다.');
  expect(svg).not.toContain('>라<');
});
