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
    rule: '#e3e3e6',
  },
  dark: {
    ground: '#16171a',
    ink: '#f0f0f2',
    faint: '#a0a0a8',
    query: '#7db2ff',
    key: '#ff9488',
    value: '#6fd08c',
    score: '#cf9bf5',
    rule: '#33343a',
  },
} as const;

export type Theme = keyof typeof themes;
export const face = "Pretendard, 'Noto Sans KR', 'Noto Sans CJK KR', system-ui, sans-serif";

const channels = (colour: string): number[] =>
  (colour.match(/[\da-f]{2}/gi) ?? []).map((part) => Number.parseInt(part, 16));
/** Relative luminance (WCAG 2). */
const luminance = (colour: readonly number[]): number => {
  const [r = 0, g = 0, b = 0] = colour.map((part) => {
    const c = part / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};

/** A signed share, −1 to 1, as a cell: orange below 0, blue above, the ground at 0; and the ink that is read best on it. */
export function signedInk(share: number, theme: Theme): { readonly fill: string; readonly ink: string } {
  const { ground } = themes[theme];
  const full = share < 0 ? '#c2570c' : '#1257c4';
  const part = Math.min(1, Math.abs(share));
  const [from, to] = [channels(ground), channels(full)];
  const mixed = from.map((channel, c) => Math.round(channel + (to[c]! - channel) * part));
  const fill = `#${mixed.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`;
  const ratio = (ink: string): number => {
    const [a, b] = [luminance(channels(ink)), luminance(mixed)];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  };
  return { fill, ink: ratio(themes.light.ink) > ratio('#ffffff') ? themes.light.ink : '#ffffff' };
}
