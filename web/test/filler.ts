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
  ['a fraction within a text', new RegExp(String.raw`(?<=\p{L}[ :=]{1,2})${fraction}(?=\s*%?\s*['"\x60<])`, 'gu')],
];

/** Attributes that say where and how large a mark or a field is; what any other attribute says may be shown or read aloud. */
const geometry =
  /\s(?:d|x[12]?|y[12]?|d[xy]|c[xy]|r[xy]?|ref[XY]|width|height|viewBox|points|transform|offset|class|min|max|step|size|(?:stroke|fill|marker)[\w-]*|opacity|style:[\w-]+)="[^"]*"/g;

/** Without comments, styles and geometry. */
const shown = (source: string): string =>
  source
    .replace(/<style>[\s\S]*?<\/style>/g, '')
    .replace(/\/\*[\s\S]*?\*\/|<!--[\s\S]*?-->|(?<=^|\s)\/\/ .*$/gm, '')
    .replace(geometry, '');

/** A name that is given a number as it is written, or a list of them; no counter of a loop. */
const named = new RegExp(
  String.raw`(?<!for \()\b(?:const|let|var)\s+(\w+)\s*(?::[^=;\n]+)?=\s*(?:\$state(?:\.raw)?(?:<[^>]*>)?\()?\[?\s*${number}\s*[,;)\]\n]`,
  'g',
);
/** How such a name comes to be shown: as a number of the page, as text of so many digits, between tags, or on a canvas. */
const showing = (name: string): RegExp =>
  new RegExp(
    String.raw`<Num\b[^>]*\bvalue=\{${name}\b|\b(?:two|numeral|fixed|measured|glanced)\(\s*${name}\b|\b${name}(?:\[\w+\])?!?\.to(?:Fixed|Precision)\(|>\s*\{${name}(?:\[\w+\])?\}|fillText\([^)]*\b${name}\b`,
  );

/** Each as what it is and the words that say it. */
export function filler(source: string): string[] {
  const all = shown(source);
  const written = patterns.flatMap(([what, pattern]) =>
    [...all.matchAll(pattern)]
      .map(([words]) => words)
      .filter((words) => what !== 'a list of fractions' || words.includes('.'))
      .map((words) => `${what}: ${words.trim()}`),
  );
  const told = [...all.matchAll(named)].filter(([, name]) => showing(name!).test(all));
  return [...written, ...told.map(([words]) => `a written number that is shown by its name: ${words.trim()}`)];
}

/** Fractions in a message of the page. */
export const fractionsIn = (message: string): string[] =>
  [...message.matchAll(new RegExp(String.raw`(?<![\w{.])${fraction}(?![\w}]|\.\d)`, 'g'))].map(([words]) => words);
