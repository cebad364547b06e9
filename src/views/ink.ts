/** What every picture shares: its colours on a light and a dark ground, and text that XML takes. */

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
/** XML text; control characters and lone surrogates, which XML forbids, become the replacement character. */
export const xml = (text: string): string =>
  text
    .toWellFormed()
    .replace(/(?![\t\n\r])\p{Cc}|\p{Noncharacter_Code_Point}/gu, '\ufffd')
    .replace(/[&<>"]/g, (letter) => escapes[letter]!);

export const themes = {
  light: {
    ground: '#ffffff',
    ink: '#1c1c1e',
    faint: '#6b6b70',
    query: '#1257c4',
    key: '#b42318',
    value: '#1a7f37',
    score: '#7a3aa8',
    negative: '#b45309',
    rule: '#e3e3e6',
    stripe: '#c9c9ce',
  },
  dark: {
    ground: '#16171a',
    ink: '#f0f0f2',
    faint: '#a0a0a8',
    query: '#7db2ff',
    key: '#ff9488',
    value: '#6fd08c',
    score: '#cf9bf5',
    negative: '#f2a65a',
    rule: '#33343a',
    stripe: '#5a5b64',
  },
} as const;

export type Theme = keyof typeof themes;

/** A picture drawn for a light ground, which turns dark where the reader's own choice is dark (CSS Media Queries 5). */
export function adaptive(svg: string): string {
  const turned = (Object.keys(themes.light) as (keyof typeof themes.light)[])
    .map((name) => [themes.light[name], themes.dark[name]] as const)
    .flatMap(([light, dark]) => [`[fill="${light}"]{fill:${dark}}`, `[stroke="${light}"]{stroke:${dark}}`])
    .join('');
  return svg.replace('</title>', `</title>\n<style>@media (prefers-color-scheme:dark){${turned}}</style>`);
}
export const face = "Pretendard, 'Noto Sans KR', 'Noto Sans CJK KR', system-ui, sans-serif";

/** Red, green and blue, of `#fff` as of `#ffffff`. */
const channels = (colour: string): number[] =>
  (colour.slice(1).match(colour.length < 7 ? /./g : /../g) ?? []).map((part) =>
    Number.parseInt(part.padStart(2, part), 16),
  );
/** Relative luminance (WCAG 2). */
const luminance = (colour: readonly number[]): number => {
  const [r = 0, g = 0, b = 0] = colour.map((part) => {
    const c = part / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};

/** Contrast of an ink with a colour, by its channels (WCAG 2). */
export function contrast(ink: string, colour: readonly number[]): number {
  const [own, other] = [luminance(channels(ink)), luminance(colour)];
  return (Math.max(own, other) + 0.05) / (Math.min(own, other) + 0.05);
}

/** What text needs to be read (WCAG 2, AA). */
const enough = 4.5;

/** The first of some inks that is read on a colour; where none is, black or white (as `#fff`, which is no ground): one of them always is. */
export const legible = (colour: readonly number[], inks: readonly string[]): string =>
  [...inks, '#000', '#fff'].find((ink) => contrast(ink, colour) >= enough)!;

/** A colour laid over a ground with an opacity. */
export function laid(fill: string, opacity: number, ground: string): number[] {
  const to = channels(fill);
  return channels(ground).map((channel, c) => channel + (to[c]! - channel) * opacity);
}

/** Of a theme's ink and ground, what is read on a colour that is laid over the ground with an opacity. */
export function inkOn(fill: string, opacity: number, theme: Theme): string {
  const { ground, ink } = themes[theme];
  return legible(laid(fill, opacity, ground), [ink, ground]);
}

/**
 * A signed share, −1 to 1, as a cell: orange below 0, blue above, laid over the ground with an opacity of its size; and the
 * ink that is read on it.
 */
export function signedInk(
  share: number,
  theme: Theme,
): { readonly fill: string; readonly opacity: number; readonly ink: string } {
  // Not quite the query's blue, which turns with the ground: a cell's colours stay, as its number is written on them.
  const fill = share < 0 ? '#c2570c' : '#1257c5';
  const opacity = Math.min(1, Math.abs(share));
  return { fill, opacity, ink: legible(laid(fill, opacity, themes[theme].ground), [themes.light.ink, '#fff']) };
}
