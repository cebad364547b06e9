/** Signs that nobody sees: blanks, control characters, and what Unicode says to draw as nothing (U+200B, U+2060). */

/** Whether a text has nothing to read; the empty one has not. */
export const unseen = (text: string): boolean =>
  /^[\p{White_Space}\p{Cc}\p{Default_Ignorable_Code_Point}]*$/u.test(text);

/** The code points of a text, as U+200B. */
export const codePoints = (text: string): string[] =>
  Array.from(text, (sign) => `U+${sign.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`);

/** What a text of which nothing is seen holds besides blanks, by its code points: each once. */
export const unseenSigns = (text: string): string[] => [...new Set(codePoints(text.replace(/\p{White_Space}/gu, '')))];

/** White space by a sign of its own, as two tokens may differ in it alone: ␣ a blank, ⏎ a line's end, ⇥ a tab. */
export const drawnBlanks = (text: string): string => text.replace(/ /g, '␣').replace(/\r?\n/g, '⏎').replace(/\t/g, '⇥');

/** A text as it is shown: one of which nothing is seen, half characters included, by its code points. */
export const seen = (text: string): string =>
  /^[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]+$/u.test(text) ? codePoints(text).join(' ') : text;

/**
 * Where signs stand within a text that nobody sees. What belongs to the sign before it is none of them: the joiners and
 * variants of emoji and of scripts that are joined.
 */
export const hiddenSigns = (text: string): RegExpExecArray[] =>
  [...text.matchAll(/[\p{Cc}\p{Default_Ignorable_Code_Point}]/gu)].filter(
    ([sign]) => !/[\p{White_Space}\p{Join_Control}\p{Variation_Selector}\u{e0020}-\u{e007f}]/u.test(sign),
  );
