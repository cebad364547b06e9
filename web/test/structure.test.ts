import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

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
  it('draws nothing at random', () => {
    for (const file of files) expect(text(file), file).not.toMatch(/Math\.random|getRandomValues|randomUUID/);
  });
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
