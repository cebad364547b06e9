import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/** A folder imports (types included) only from folders above it in this list. */
const order = [
  'platform',
  'kernels',
  'tensor',
  'attention',
  'model',
  'trace',
  'lens',
  'train',
  'corpus',
  'views',
  'korean',
  'worker',
  'cli',
];

const source = fileURLToPath(new URL('../src', import.meta.url));
const models = fileURLToPath(new URL('../models', import.meta.url));
const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts') && !file.includes('assembly'))
    .map((file) => join(folder, file));
const importsOf = (file: string): string[] =>
  [...readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1]!);

const files = filesBelow(source);
const folderOf = (file: string): string => relative(source, file).split('/').at(0)!;
const relativeImports = (file: string): string[] =>
  importsOf(file)
    .filter((name) => name.startsWith('.'))
    .map((name) => resolve(dirname(file), name));

describe('the structure of the source', () => {
  it('reads a tree with files in it', () => expect(files.length).toBeGreaterThan(20));

  it('has only the agreed folders', () => {
    const folders = readdirSync(source, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    for (const folder of folders) expect(order).toContain(folder.name);
  });

  it('imports only from folders above', () => {
    const wrong: string[] = [];
    for (const file of files) {
      const level = order.indexOf(folderOf(file));
      if (level < 0) continue;
      for (const target of relativeImports(file)) {
        const targetLevel = order.indexOf(folderOf(target));
        if (targetLevel > level || targetLevel < 0)
          wrong.push(`${relative(source, file)} imports ${relative(source, target)}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('has no import cycles', () => {
    const done = new Set<string>();
    const visit = (file: string, path: readonly string[]): void => {
      if (path.includes(file))
        throw new Error(
          `cycle: ${[...path.slice(path.indexOf(file)), file].map((f) => relative(source, f)).join(' → ')}`,
        );
      if (done.has(file)) return;
      for (const target of relativeImports(file)) if (files.includes(target)) visit(target, [...path, file]);
      done.add(file);
    };
    for (const file of files) visit(file, []);
    expect(done.size).toBe(files.length);
  });

  it('lets the models use public paths alone', () => {
    for (const file of filesBelow(models))
      for (const name of importsOf(file)) expect(name, relative(models, file)).not.toContain('/src/');
  });

  it('imports no module of Node outside cli/, types aside: a bundler for browsers would stop there', () => {
    const wrong = files
      .filter((file) => !/\.test(ing)?\.ts$/.test(file) && folderOf(file) !== 'cli')
      .filter((file) =>
        /^import (?!type ).*'node:|import\('node:/m.test(readFileSync(file, 'utf8').replace(/typeof import\(/g, '')),
      );
    expect(wrong.map((file) => relative(source, file))).toEqual([]);
  });

  it('keeps globals of Node inside platform/ and cli/', () => {
    const wrong = files
      .filter(
        (file) =>
          !file.endsWith('.test.ts') && !file.endsWith('.testing.ts') && !['platform', 'cli'].includes(folderOf(file)),
      )
      .filter((file) => /from 'node:|import\('node:|\bprocess\./.test(readFileSync(file, 'utf8')));
    expect(wrong.map((file) => relative(source, file))).toEqual([]);
  });
});
