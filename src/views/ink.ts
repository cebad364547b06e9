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
  },
} as const;

export type Theme = keyof typeof themes;
export const face = "Pretendard, 'Noto Sans KR', 'Noto Sans CJK KR', system-ui, sans-serif";
