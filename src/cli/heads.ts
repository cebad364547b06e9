import { basename } from 'node:path';
import type { Command } from 'commander';
import {
  type Common,
  color,
  jsonOption,
  langOption,
  language,
  load,
  modelOption,
  print,
  printJson,
  remark,
  speak,
  svgOption,
  whole,
  writeText,
} from './shell.ts';

interface Options extends Common {
  readonly treebank: string;
  readonly from: 'mean' | 'first';
  readonly subtypes?: boolean;
  readonly least: number;
  readonly strict?: boolean;
  readonly svg?: string;
}

/** `siseon heads`: what the heads of a model do. */
export function heads(program: Command): void {
  program
    .command('heads')
    .description('what each head knows of grammar, on a treebank')
    .requiredOption('--treebank <FILE>', 'sentences with their grammar, CoNLL-U')
    .option('--from <HOW>', 'from a word of several tokens: mean or first', 'mean')
    .option('--subtypes', 'keep subtypes of relations (nsubj:pass) apart')
    .option('--least <N>', 'leave out relations with fewer arcs', whole, 50)
    .option('--strict', 'stop at a sentence whose tokens do not align with its words')
    .addOption(modelOption())
    .addOption(langOption())
    .addOption(jsonOption())
    .addOption(svgOption())
    .addHelpText('after', '\nExample:\n  siseon heads --treebank ko_gsd-ud-test.conllu\n')
    .action(async (options: Options) => {
      const { readText } = await import('../platform/index.ts');
      const content = await readText(options.treebank);
      speak(options, '');
      const { alignTokens, readConllu, relationReport } = await import('../lens/index.ts');
      const file = basename(options.treebank);
      const sentences = readConllu(content, { name: file });
      const model = await load(options.model);
      if (options.strict && model.tokenizer)
        for (const { text, words } of sentences) alignTokens(model.tokenizer.encode(text), words);
      const report = await relationReport(model, sentences, {
        from: options.from === 'first' ? 'first' : 'mean',
        subtypes: options.subtypes === true,
        onProgress: (done, of) => {
          if (done % 200 === 0 && process.stderr.isTTY) remark(`${done} / ${of}`);
        },
      });
      const view = { file, least: options.least };
      const { relationsSvg, relationsText } = await import('../views/index.ts');
      if (options.svg !== undefined) await writeText(options.svg, relationsSvg(report, view, { language: language() }));
      if (options.json) return printJson(report);
      print(relationsText(report, view, { language: language(), color }));
    });
}
