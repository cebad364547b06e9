/** Notices of a text by the signs that a person sees: an emoji of several letters and joiners is one unknown sign. */
interface Notice {
  readonly code: string;
  readonly text: string;
  readonly start: number;
}

export function wholeSigns<T extends Notice>(notices: readonly T[], text: string): readonly T[] {
  const unknown = new Set(notices.filter(({ code }) => code === 'unknownCharacter').map(({ start }) => start));
  if (unknown.size === 0) return notices;
  const signs = new Intl.Segmenter('und', { granularity: 'grapheme' }).segment(text);
  return notices.flatMap((notice) => {
    const sign = signs.containing(notice.start);
    // A mark or joiner behind a letter that the model knows is told by itself.
    if (!sign || !unknown.has(sign.index)) return [notice];
    return sign.index === notice.start ? [{ ...notice, text: sign.segment }] : [];
  });
}
