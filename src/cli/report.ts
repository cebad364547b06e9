import type { Command } from 'commander';
import {
  type Common,
  expectEnding,
  headOption,
  langOption,
  language,
  layerOption,
  modelOption,
  print,
  record,
  speak,
  type Where,
  writeText,
} from './shell.ts';

/** `siseon report`: a trace as one HTML file. */
export function report(program: Command): void {
  program
    .command('report')
    .description('one HTML file that works offline: every head of a text, to click through')
    .argument('<text>')
    .requiredOption('--save <FILE>', 'target, .html')
    .option('--query <WORD|N>', 'the word that asks at first, or its index')
    .addOption(layerOption())
    .addOption(headOption())
    .addOption(modelOption())
    .addOption(langOption())
    .addHelpText('after', '\nExample:\n  siseon report "철수가 사과를 맛있게 먹었다" --save gaze.html\n')
    .action(async (text: string, options: Common & Where & { save: string; query?: string }) => {
      speak(options, text);
      expectEnding(options.save, ['html']);
      const { look, overview } = await import('../lens/index.ts');
      const { model, trace } = await record(options.model, { text });
      const { layer, head, query, keys } = await look(trace, model, options);
      const { reportHtml } = await import('../views/index.ts');
      const start = { layer, head, query: keys.findIndex(({ word }) => word === query.word) };
      const html = reportHtml(await overview(trace, model), { language: language(), start });
      await writeText(options.save, html);
      print(language() === 'ko' ? `${options.save}에 저장했습니다.` : `Saved ${options.save}.`);
    });
}
