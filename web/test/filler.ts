/** Numbers in a source that could stand on the screen as if they had been measured. */

const number = String.raw`[-−+]?\d*\.?\d+`;
const fraction = String.raw`[-−+]?\d*\.\d+`;
/** What a quantity that the engine computes is called. */
const quantity = '(?:weight|score|share|part|contribution|probability|dot|cosine|norm|loss|accuracy|number)s?';

const patterns: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['drawn at random', /Math\.random|getRandomValues|randomUUID/g],
  ['the clock as a number', /Date\.now|new Date\(\)|(?<![\w.])Date\(\)/g],
  ['a list of fractions', new RegExp(String.raw`\[\s*(?:${number}\s*,\s*)+${number}\s*,?\s*\]`, 'g')],
  ['a quantity set to a fraction', new RegExp(String.raw`\b${quantity}\s*[:=]\s*\{?${fraction}`, 'g')],
  ['a number given to be shown', /<Num value=\{\s*[-−+]?[\d.]+/g],
  ['a fraction as text', new RegExp(String.raw`(['"\x60>])\s*${fraction}\s*%?\s*(?:['"\x60]|</)`, 'g')],
  ['a fraction within a text', new RegExp(String.raw`(?<=\p{L}[ :=]{1,2})${fraction}(?=\s*%?\s*['\x60<])`, 'gu')],
];

/** Without comments, styles and the attributes of marks, which are geometry: a width, an opacity, the step of a slider. */
const shown = (source: string): string =>
  source
    .replace(/<style>[\s\S]*?<\/style>/g, '')
    .replace(/\/\*[\s\S]*?\*\/|<!--[\s\S]*?-->|(?<=^|\s)\/\/ .*$/gm, '')
    .replace(/\s[\w-]+="[^"]*"/g, '');

/** Each as what it is and the words that say it. */
export const filler = (source: string): string[] =>
  patterns.flatMap(([what, pattern]) =>
    [...shown(source).matchAll(pattern)]
      .map(([words]) => words)
      .filter((words) => what !== 'a list of fractions' || words.includes('.'))
      .map((words) => `${what}: ${words.trim()}`),
  );
