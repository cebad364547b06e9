/** A field with more letters than this makes the page slow: Chromium takes lines into it one by one. */
export const longestInField = 20_000;

/** What was pasted, where it is too long for a field: it is read past it, at once. null: the field takes it. */
export function longPaste(event: ClipboardEvent): string | null {
  const pasted = event.clipboardData?.getData('text/plain') ?? '';
  if (pasted.length <= longestInField) return null;
  event.preventDefault();
  return pasted;
}
