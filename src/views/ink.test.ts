import { describe, expect, it } from 'vitest';
import { contrast, inkOn, laid, legible, signedInk, type Theme, themes } from './ink.ts';

const shares = Array.from({ length: 201 }, (_, i) => i / 200);

describe('numbers on colours', () => {
  it('are read on every depth of every colour, in both themes (WCAG 2, AA)', () => {
    for (const theme of Object.keys(themes) as Theme[]) {
      const { ground, score, query, negative } = themes[theme];
      for (const share of shares) {
        for (const fill of [score, query, negative])
          expect(contrast(inkOn(fill, share, theme), laid(fill, share, ground))).toBeGreaterThanOrEqual(4.5);
        for (const signed of [share, -share]) {
          const { fill, opacity, ink } = signedInk(signed, theme);
          expect(contrast(ink, laid(fill, opacity, ground))).toBeGreaterThanOrEqual(4.5);
        }
      }
    }
  });

  it('are of the theme’s ink or ground where one of them is read, else black or white', () => {
    const { ink, ground, score } = themes.light;
    expect([0, 0.5, 1].map((share) => inkOn(score, share, 'light'))).toEqual([ink, ink, ground]);
    expect(new Set(shares.map((share) => inkOn(score, share, 'light')))).toEqual(new Set([ink, '#000', ground]));
    expect(legible([255, 255, 255], ['#eee', '#ddd'])).toBe('#000');
    expect(legible([0, 0, 0], ['#111'])).toBe('#fff');
  });
});
