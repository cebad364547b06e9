#!/usr/bin/env node
/** Arguments and printing, nothing else. What is heavy is imported by the command that needs it. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import type { StageNames, TraceFormat } from '../trace/index.ts';
import { particle } from '../views/language.ts';
import { compare } from './compare.ts';
import { editsIn, editsOption, remarkOnOrigin } from './edits.ts';
import { cannotPrint, explain } from './errors.ts';
import { flow } from './flow.ts';
import { generate } from './generate.ts';
import { heads } from './heads.ts';
import { interfere } from './interfere.ts';
import { open } from './open.ts';
import { predict } from './predict.ts';
import { report } from './report.ts';
import {
  type Common,
  type Decoding,
  decoded,
  decoding,
  expectEnding,
  headOption,
  idList,
  langOption,
  language,
  load,
  modelOption,
  type Placed,
  placeOption,
  positive,
  print,
  printJson,
  record,
  remark,
  speak,
  svgOption,
  terminal,
  writePicture,
} from './shell.ts';
import { similar } from './similar.ts';
import { commandMeant, usageText } from './usage.ts';
import { why } from './why.ts';

interface LookOptions extends Placed, Decoding {
  readonly query?: string;
  readonly svg?: string;
  readonly all?: boolean;
  readonly nfc?: boolean;
}

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const program = new Command('siseon')
  .description('See where a transformer looks, and take every number apart.')
  .version(version)
  .enablePositionalOptions()
  .exitOverride()
  .configureOutput({ writeErr: () => {} })
  .argument('<text>', 'a sentence, in quotes')
  .option('--query <WORD|N>', 'the word that asks, or its index (default: the last word)')
  .addOption(placeOption())
  .addOption(headOption())
  .addOption(modelOption())
  .addOption(langOption())
  .option('--json', 'print the numbers as JSON')
  .addOption(svgOption())
  .option('--nfc', 'compose decomposed text (NFC) before it is read')
  .option('--all', 'the whole word × word matrix as well')
  .addHelpText(
    'after',
    '\nExamples:\n  siseon "철수가 사과를 맛있게 먹었다"\n  siseon "할머니께서 책을 읽으셨다" --query 책을 --head 1\n  siseon "철수가 사과를 맛있게 먹었다" --svg gaze.svg\n  siseon -- info        looks at the word "info" itself\n',
  )
  .action(async (given: string, options: Common & LookOptions) => {
    const text = options.nfc ? given.normalize('NFC') : given;
    speak(options, text);
    hintAtCommand(text);
    const { answers, look, wordMatrix } = await import('../lens/index.ts');
    const { model, trace } = await record(options.model, { text, ...decoded(options) });
    const seen = await look(trace, model, options);
    const asked = await answers(trace, model, options);
    const matrix = options.all ? await wordMatrix(trace, model, options) : null;
    if (options.svg !== undefined) {
      const { lookSvg } = await import('../views/svg.ts');
      await writePicture(options.svg, lookSvg(seen, { language: language() }));
    }
    if (options.json) return printJson({ ...seen, answers: asked, ...(matrix && { matrix }) });
    const { lookText, matrixText } = await import('../views/text.ts');
    print(lookText(seen, terminal(), asked));
    if (matrix) print(matrixText(matrix, terminal()));
  });

decoding(program);

/** A lone word that is nearly a command's name is looked at, as it was asked; that a command may be meant is said. */
function hintAtCommand(text: string): void {
  const names = program.commands.map((command) => command.name());
  const meant = commandMeant(text, names);
  if (meant && !names.includes(text))
    remark(
      language() === 'ko'
        ? `알림: 글 ‘${text}’${particle(text, '을')} 살펴봐요. 명령 ${meant}${particle(meant, '을')} 쓰려 했다면: siseon ${meant}`
        : `notice: looking at the text "${text}". If the command ${meant} was meant: siseon ${meant}`,
    );
}

decoding(program.command('pair'))
  .description('one cell taken apart to the last product')
  .argument('<text>')
  .argument('<query>', 'word, or its index')
  .argument('<key>', 'word, or its index')
  .addOption(placeOption())
  .addOption(headOption())
  .addOption(modelOption())
  .addOption(langOption())
  .option('--json', 'print the numbers as JSON')
  .addOption(svgOption())
  .addHelpText('after', '\nExample:\n  siseon pair "철수가 사과를 맛있게 먹었다" 먹었다 사과를\n')
  .action(async (text: string, query: string, key: string, options: Common & Placed & Decoding & { svg?: string }) => {
    speak(options, text);
    const { pair } = await import('../lens/index.ts');
    const { model, trace } = await record(options.model, { text, ...decoded(options) });
    const cell = await pair(trace, model, { ...options, query, key });
    if (options.svg !== undefined) {
      const { barsSvg, pairBars } = await import('../views/index.ts');
      await writePicture(options.svg, barsSvg(pairBars(cell, language())));
    }
    if (options.json) return printJson(cell);
    const { pairText } = await import('../views/pair.ts');
    print(pairText(cell, terminal()));
  });

program
  .command('lookup')
  .description('the library: a question held against tags, by the model’s embeddings')
  .argument('<question>')
  .argument(
    '[tags...]',
    'tags of the shelves (default: the library that comes with the Korean model, contents included)',
  )
  .option('--library <FILE>', 'JSON file: [{"tag": …, "content": …}, …]')
  .option('--temperature <T>', 'below 1 decides more sharply, above 1 more evenly', positive, 1)
  .addOption(modelOption())
  .addOption(langOption())
  .option('--json', 'print the numbers as JSON')
  .addOption(svgOption())
  .addHelpText(
    'after',
    '\nExample:\n  siseon lookup "사과 요리법에 대해 알고 싶어" "과일 요리" 전자제품 운동법 디저트\n',
  )
  .action(
    async (
      question: string,
      tags: string[],
      options: Common & { library?: string; temperature: number; svg?: string },
    ) => {
      speak(options, question);
      const { lookup } = await import('../lens/index.ts');
      const { chooseLibrary } = await import('./library.ts');
      const library = await chooseLibrary(tags, options.library);
      const result = await lookup(await load(options.model), question, library, options);
      if (options.svg !== undefined) {
        const { lookupSvg } = await import('../views/index.ts');
        await writePicture(options.svg, lookupSvg(result, { language: language() }));
      }
      if (options.json) return printJson(result);
      const { lookupText } = await import('../views/lookup.ts');
      print(lookupText(result, terminal()));
    },
  );

decoding(program.command('trace'))
  .description('every stage of a run, saved by name')
  .argument('[text]')
  .option('--ids <LIST>', 'token ids instead of a text, as 1,2,3', idList)
  .option('--stages <LIST>', 'names with commas between, or all', 'all')
  .requiredOption('--save <FILE>', 'target: .safetensors, .npz, .json or .parquet')
  .addOption(editsOption())
  .addOption(
    new Option('--names <WHOSE>', 'names and shapes of the stages in .safetensors and .npz')
      .choices(['siseon', 'transformerlens', 'huggingface'])
      .default('siseon'),
  )
  .addOption(modelOption())
  .addOption(langOption())
  .addHelpText(
    'after',
    '\nExamples:\n  siseon trace "철수가 사과를 먹었다" --save gaze.npz\n  siseon trace --model ./nano-gpt-sort --ids 2,1,0 --stages layers.0.weights,logits --save sort.json\n',
  )
  .action(
    async (
      text: string | undefined,
      options: Common & Decoding & { ids?: number[]; stages: string; save: string; names: StageNames; edits?: string },
    ) => {
      speak(options, text ?? '');
      const { saveTrace } = await import('../trace/index.ts');
      const { writeFileAtomically, SiseonError } = await import('../platform/index.ts');
      const format = expectEnding(options.save, ['safetensors', 'npz', 'json', 'parquet']) as TraceFormat;
      if ((text === undefined) === (options.ids === undefined))
        throw new SiseonError({
          code: 'textOrIds',
          kind: 'usage',
          what: 'trace needs a text or --ids',
          expected: 'one of the two',
        });
      const input = text === undefined ? { ids: options.ids! } : { text };
      const file = options.edits === undefined ? null : await editsIn(options.edits);
      const edits = file?.edits ?? [];
      const { model, trace } = await record(options.model, { ...input, ...decoded(options), edits });
      if (file) remarkOnOrigin(file, trace);
      const stages = options.stages === 'all' ? 'all' : options.stages.split(',').map((name) => name.trim());
      const bytes = await saveTrace(trace, model, { stages, format, names: options.names });
      await writeFileAtomically(options.save, bytes);
      print(
        language() === 'ko'
          ? `${options.save}에 저장했습니다 (${bytes.length.toLocaleString('en')}바이트).`
          : `Saved ${options.save} (${bytes.length.toLocaleString('en')} bytes).`,
      );
    },
  );

program
  .command('train')
  .description('train an encoder on a text file of your own')
  .argument('<config>', 'JSON file; its fields are in docs/formats.md')
  .addOption(langOption())
  .addHelpText('after', '\nExample:\n  siseon train config.json\n')
  .action(async (path: string, options: Common) => {
    speak(options, '');
    const { trainFromConfig } = await import('../train/index.ts');
    const { progressBar } = await import('./progress.ts');
    const bar = progressBar();
    const { output } = await trainFromConfig(path, bar.update).finally(bar.stop);
    print(language() === 'ko' ? `${output}에 저장했습니다.` : `Saved ${output}.`);
  });

program
  .command('info')
  .description('what a model is made of')
  .argument(
    '[model]',
    'folder of a checkpoint, .gguf file, or name on the Hugging Face hub (default: the Korean model)',
  )
  .addOption(langOption())
  .option('--json', 'print as JSON')
  .addHelpText('after', '\nExample:\n  siseon info ./my-bert\n')
  .action(async (folder: string | undefined, options: Common) => {
    speak(options, '');
    const model = await load(folder);
    const { describe, infoText, licenseOf } = await import('./info.ts');
    const { readCard, shippedModel } = await import('../model/index.ts');
    const card = await readCard(folder ?? shippedModel);
    const about = describe(model, card === null ? null : licenseOf(card));
    if (options.json) return printJson(about);
    print(infoText(about, language(), Math.min(process.stdout.columns ?? 100, 120)));
  });

for (const register of [predict, generate, why, heads, flow, interfere, compare, similar, open, report])
  register(program);
for (const command of program.commands) command.exitOverride().configureOutput({ writeErr: () => {} });

// `siseon … | head`: the reader has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  process.stderr.write(`${explain(cannotPrint(error), language()).message}\n`);
  process.exit(1);
});

// Behind a leading `--` stands a text, even one that is written like a command.
if (process.argv[2] === '--') (program.commands as Command[]).splice(0);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2;
    if (error.exitCode !== 0) remark(usageText(error, process.argv.slice(2), language()));
  } else {
    const { message, exitCode } = explain(error, language());
    process.stderr.write(`${message}\n`);
    process.exitCode = exitCode;
  }
}
