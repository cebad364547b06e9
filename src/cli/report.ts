import type { Command } from 'commander';
import {
  type Common,
  type Decoding,
  decoded,
  decoding,
  expectEnding,
  headOption,
  langOption,
  language,
  modelOption,
  type Placed,
  placeOption,
  print,
  record,
  speak,
  writeText,
} from './shell.ts';

/** `siseon report`: a trace as one HTML file. */
export function report(program: Command): void {
  decoding(program.command('report'))
    .description('one HTML file that works offline: every head of a text, to click through')
    .argument('<text>')
    .requiredOption('--save <FILE>', 'target, .html')
    .option('--query <WORD|N>', 'the word that asks at first, or its index')
    .addOption(placeOption())
    .addOption(headOption())
    .addOption(modelOption())
    .addOption(langOption())
    .addHelpText('after', '\nExample:\n  siseon report "철수가 사과를 맛있게 먹었다" --save gaze.html\n')
    .action(async (text: string, options: Common & Placed & Decoding & { save: string; query?: string }) => {
      speak(options, text);
      expectEnding(options.save, ['html']);
      const { choosePlace, look, overview } = await import('../lens/index.ts');
      const { model, trace } = await record(options.model, { text, ...decoded(options) });
      const { layer, head } = choosePlace(trace, model, options);
      const { token } = (await look(trace, model, options)).query;
      const seen = await overview(trace, model);
      const { queries } = seen.parts.find(({ layers }) => layers.includes(layer))!;
      const start = { layer, head, query: queries.findIndex(({ tokens }) => tokens.includes(token)) };
      const { reportHtml } = await import('../views/index.ts');
      const html = reportHtml(seen, { language: language(), start });
      await writeText(options.save, html);
      print(language() === 'ko' ? `${options.save}에 저장했습니다.` : `Saved ${options.save}.`);
    });
}
