import { expect, it } from 'vitest';
import { nameTips, type Tip } from './tipNames.ts';

const letter = 15;
const origin = { x: 200, y: 300 };
const others: Tip[] = [{ key: -1, text: 'q', x: 400, y: 300 }];

it('names one arrow right of its tip, or left of it where it points left', () => {
  const [right] = nameTips([{ key: 0, text: 'ab', x: 300, y: 100 }], { origin, others, letter });
  expect(right).toMatchObject({ anchor: 'start', tip: { x: 300, y: 100 } });
  expect(right!.x).toBeGreaterThan(300);
  const [left] = nameTips([{ key: 0, text: 'ab', x: 100, y: 100 }], { origin, others, letter });
  expect(left).toMatchObject({ anchor: 'end' });
  expect(left!.x).toBeLessThan(100);
});

it('sets the name of a tip that stands beside another where it could not be taken for the other name', () => {
  // The right one's name, left of its tip, would lie on the left one's tip.
  const tips: Tip[] = [
    { key: 0, text: '[CLS]', x: 152, y: 150 },
    { key: 1, text: '[SEP]', x: 130, y: 140 },
  ];
  const placed = nameTips(tips, { origin, others, letter });
  const cls = placed.find(({ key }) => key === 0)!;
  const sep = placed.find(({ key }) => key === 1)!;
  expect(sep.anchor).toBe('end');
  expect(cls.anchor).toBe('start');
  // The head of an arrow that points left lies right of its tip.
  expect(cls.x).toBeGreaterThanOrEqual(tips[0]!.x + letter);
});

it('lets no two of seven names that meet in one place cover each other', () => {
  const tips = Array.from({ length: 7 }, (_, key): Tip => ({ key, text: '가나다', x: 300 + key, y: 120 + key }));
  const placed = nameTips(tips, { origin, others, letter });
  const wide = 3 * 0.95 * letter;
  const left = ({ x, anchor }: (typeof placed)[0]): number => x - { start: 0, middle: wide / 2, end: wide }[anchor];
  for (const [i, a] of placed.entries())
    for (const b of placed.slice(i + 1))
      expect(Math.abs(left(a) - left(b)) >= wide || Math.abs(a.y - b.y) >= letter).toBe(true);
});
