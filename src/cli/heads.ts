import { basename } from 'node:path';
import { type Command, Option } from 'commander';
import {
  type Common,
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
  terminal,
  textsIn,
  unheeded,
  whole,
  writePicture,
} from './shell.ts';

interface Options extends Common {
  readonly treebank?: string;
  readonly texts?: string;
  readonly from?: 'mean' | 'first';
  readonly subtypes?: boolean;
  readonly least?: number;
  readonly strict?: boolean;
  readonly svg?: string;
}

const onProgress = (done: number, of: number): void => {
  if (done % 200 === 0 && done > 0 && process.stderr.isTTY) remark(`${done} / ${of}`);
};

/** `siseon heads`: what the heads of a model do, on texts or on a treebank. */
export function heads(program: Command): void {
  program
    .command('heads')
    .description('what each head does: measures and names, or what it knows of grammar')
    .option(
      '--texts <FILE>',
      'texts to measure on, one a line (default: repeated token sequences); of an encoder-decoder its decoder’s behind a tab',
    )
    .option('--treebank <FILE>', 'sentences with their grammar, CoNLL-U: every head and relation')
    .addOption(
      new Option('--from <HOW>', 'treebank: from a word of several tokens (default: mean)').choices(['mean', 'first']),
    )
    .option('--subtypes', 'treebank: keep subtypes of relations (nsubj:pass) apart')
    .option('--least <N>', 'treebank: show relations with at least so many arcs (default: 50)', whole)
    .option('--strict', 'treebank: stop at a sentence whose tokens do not align with its words')
    .addOption(modelOption())
    .addOption(langOption())
    .addOption(jsonOption())
    .addOption(svgOption())
    .addHelpText(
      'after',
      '\nExamples:\n  siseon heads\n  siseon heads --texts sentences.txt --svg heads.svg\n  siseon heads --treebank ko_gsd-ud-test.conllu\n',
    )
    .action((options: Options) => {
      if (options.texts !== undefined && options.treebank !== undefined)
        throw unheeded('--texts', 'no --treebank', { needs: 'noTreebank' });
      for (const name of ['from', 'subtypes', 'least', 'strict'] as const)
        if (options[name] !== undefined && options.treebank === undefined)
          throw unheeded(`--${name}`, 'a treebank: --treebank FILE', { needs: 'treebank' });
      return options.treebank === undefined ? measured(options) : grammar(options, options.treebank);
    });
}

async function measured(options: Options): Promise<void> {
  speak(options, '');
  const model = await load(options.model);
  const { headsReport, repeatedSequences } = await import('../lens/index.ts');
  const texts = options.texts === undefined ? repeatedSequences(model) : await textsIn(options.texts, model);
  const report = await headsReport(model, texts, { onProgress });
  const { headsSvg, headsText } = await import('../views/index.ts');
  if (options.svg !== undefined) await writePicture(options.svg, headsSvg(report, { language: language() }));
  if (options.json) return printJson(report);
  print(headsText(report, terminal()));
}

async function grammar(options: Options, path: string): Promise<void> {
  speak(options, '');
  const { readText } = await import('../platform/index.ts');
  const { alignTokens, readConllu, relationReport } = await import('../lens/index.ts');
  const file = basename(path);
  const sentences = readConllu(await readText(path), { name: file });
  const model = await load(options.model);
  if (options.strict && model.tokenizer)
    for (const { text, words } of sentences) alignTokens(model.tokenizer.encode(text), words);
  const report = await relationReport(model, sentences, {
    from: options.from ?? 'mean',
    subtypes: options.subtypes === true,
    onProgress,
  });
  const view = { file, least: options.least ?? 50 };
  const { relationsSvg, relationsText } = await import('../views/index.ts');
  if (options.svg !== undefined) await writePicture(options.svg, relationsSvg(report, view, { language: language() }));
  if (options.json) return printJson(report);
  print(relationsText(report, view, terminal()));
}
