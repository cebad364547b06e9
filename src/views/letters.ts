/** How wide text is in a picture, which has no screen to ask: in heights of its letters, whatever face the reader has. */

const share = (letter: string): number => (letter > '\u10ff' ? 0.93 : letter === ' ' ? 0.27 : 0.58);
export const wide = (text: string): number => [...text].reduce((sum, letter) => sum + share(letter), 0);

/** Lines no wider than so many heights of a letter, broken between words; a word that is wider stands alone. */
export function broken(text: string, most: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && wide(`${line} ${word}`) > most) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
