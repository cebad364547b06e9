import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { filler, fractionsIn } from './filler.ts';

const web = fileURLToPath(new URL('..', import.meta.url));
const files = ['src', 'build']
  .flatMap((folder) =>
    readdirSync(join(web, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(web, folder, file)),
  )
  .filter((file) => /\.(ts|js|svelte)$/.test(file) && !file.includes('paraglide'));
const text = (file: string): string => readFileSync(file, 'utf8');
const messages = (language: string): Record<string, string> =>
  JSON.parse(readFileSync(join(web, `messages/${language}.json`), 'utf8')) as Record<string, string>;

describe('the page’s source', () => {
  it('is there', () => expect(files.length).toBeGreaterThan(30));
  it('takes the package by its public paths alone', () => {
    const paths = Object.keys((JSON.parse(text(join(web, '../package.json'))) as { exports: object }).exports).map(
      (path) => path.replace('.', 'siseon'),
    );
    for (const file of files)
      for (const [, name = ''] of text(file).matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)) {
        if (/^siseon(\/|$)/.test(name)) expect(paths, `${file}: ${name}`).toContain(name);
        expect(name, file).not.toMatch(/\.\.\/(\.\.\/)+(src|dist|models)\//);
      }
  });
  it('begins no block with a space, which the compiler drops: the words before and after it would run together', () => {
    for (const file of files.filter((name) => name.endsWith('.svelte')))
      expect(text(file), file).not.toMatch(/\{(#if|:else)([^{}\n]|\{[^{}\n]*\})*\} (\{(?!\/)|[<\p{L}])/u);
  });
  it('writes no style into markup, which the content policy would refuse', () => {
    for (const file of files.filter((name) => name.endsWith('.svelte')))
      expect(text(file), file).not.toMatch(/\sstyle="|\{@html/);
  });
});

/**
 * What is covered: numbers that a source or a message states, and names that are given one and shown in the same file. What
 * is not: a sum of several written numbers, and one that reaches the screen through another file. That every number which
 * does stand on the screen is the library's is held in the browser, room by room, by what <data> says.
 */
describe('no number on the screen was written into a source', () => {
  const views = join(web, '../src/views');
  const drawn = readdirSync(views, { recursive: true, encoding: 'utf8' });
  const drawing = [...files, ...drawn.filter((name) => name.endsWith('.ts')).map((file) => join(views, file))].filter(
    (file) => !file.endsWith('.test.ts'),
  );
  /** What looks like one and is none, by file. */
  const allowed: Readonly<Record<string, readonly string[]>> = {
    // The marks along an axis.
    'src/views/relations.ts': ['a list of fractions: [0, 0.25, 0.5, 0.75, 1]'],
    // A number that is shown as nothing has no sign; random orders are what the others are measured against.
    'src/views/effects.ts': ["a fraction as text: '0.00'", "a fraction as text: '0.00'"],
    // What the visitor's own temperature begins with.
    'web/src/explore/Write.svelte': ['a written number that is shown by its name: let temperature = $state(0.8)'],
    // The version of a file's format.
  };
  it('neither of the page nor of the views', () => {
    expect(drawing.some((file) => file.startsWith(views))).toBe(true);
    const found = drawing
      .map((file) => [relative(join(web, '..'), file), filler(text(file))] as const)
      .filter(([, numbers]) => numbers.length > 0);
    expect(Object.fromEntries(found)).toEqual(allowed);
  });
  it('nor into a message, but for what the story gives as an illustration and the mark that a task names', () => {
    const stated = ['ko', 'en'].map((language) =>
      Object.entries(messages(language)).flatMap(([name, message]) =>
        fractionsIn(message).map((number) => `${name}: ${number}`),
      ),
    );
    const told = ['library_task: 0.99', 'step2_told: 0.2', 'step2_told: 0.7', 'step2_told: 0.1'];
    expect(stated).toEqual([told, told]);
    expect(fractionsIn('‘먹었다’는 0.71을 사과를에 줘요 ({weight}, Node 20.20.2)')).toEqual(['0.71']);
  });
  it.each([
    '<WeightBar weight="0.42" />',
    '<data value="0.42" data-of="weight">{weight}</data>',
    '<svg aria-label="weight 0.42" />',
    'const measuredHere = 0.42;\n<Num value={measuredHere} of="weight:0" />',
    'let width = $state(0.42);\n<td>{two(width)}</td>',
    'const all: number[] = [1, 3];\n<td>{all[i].toFixed(2)}</td>',
    'const heads = 42;\n<b>{heads}</b>',
    'rows.map(() => Math.random())',
    'const share = (Date.now() % 100) / 100;',
    'const rows = [0.12, 0.58, 0.3];',
    'const key = { text, weight: 0.42 };',
    '<WeightBar weight={0.42} />',
    '<Num value={0.42} of="weight:0" />',
    '<td>0.42</td>',
    "pen.fillText('0.42', x, y);",
    'const line = `accuracy 0.93`;',
  ])('and one that is planted is found: %s', (source) => expect(filler(source)).toHaveLength(1));
  it.each([
    'const numbers = squareOf(lenses, choice, view, null);',
    '<rect width="0.94" height="1" />',
    'const height = marks * 0.75 + 10;',
    'const rem = 16;\n<rect width={rem} height="0.5" />',
    'const longest = 40;\n<p>{m.explore_too_many({ count, limit: longest })}</p>',
    '<input type="range" min="0.1" max="0.9" step="0.05" bind:value />',
    '/** At most 0.42. */',
    '<style>p { margin: 0.42em; }</style>',
  ])('geometry and what is computed are none: %s', (source) => expect(filler(source)).toEqual([]));
});

describe('the two languages', () => {
  const [ko, en] = [messages('ko'), messages('en')];
  const holes = (message: string): string[] =>
    [...new Set(message.match(/\{\w+\}/g))].filter((hole) => hole !== '{josa}').sort();
  it('say the same things with the same facts', () => {
    expect(Object.keys(en)).toEqual(Object.keys(ko));
    for (const [name, message] of Object.entries(ko)) expect(holes(en[name]!), name).toEqual(holes(message));
  });
  it('say nothing that no part shows', () => {
    const all = files.map(text).join('');
    for (const name of Object.keys(ko)) if (name !== '$schema') expect(all, name).toMatch(new RegExp(`m\\.${name}\\b`));
  });
});
