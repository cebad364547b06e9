import { type Command, Option } from 'commander';
import type { CacheStack } from '../trace/index.ts';
import {
  type Common,
  headOption,
  jsonOption,
  langOption,
  language,
  layerOption,
  print,
  printJson,
  speak,
  svgOption,
  terminal,
  type Where,
  whole,
  writePicture,
} from './shell.ts';

/** `siseon open`: attention saved by another program, without its model. */
export function open(program: Command): void {
  program
    .command('open')
    .description('a cache of TransformerLens or Hugging Face, or a saved trace, viewed without its model')
    .argument('<file>', '.safetensors, .npz, .json or .parquet')
    .option('--batch <N>', 'which text of a batch', whole, 0)
    .addOption(new Option('--stack <NAME>', 'of an encoder-decoder').choices(['encoder', 'decoder', 'cross']))
    .addOption(layerOption())
    .addOption(headOption())
    .addOption(langOption())
    .addOption(jsonOption())
    .addOption(svgOption())
    .addHelpText('after', '\nExample:\n  siseon open cache.safetensors --layer 5 --head 1 --svg head.svg\n')
    .action(async (file: string, options: Common & Where & { batch: number; stack?: CacheStack; svg?: string }) => {
      speak(options, '');
      const { openCache } = await import('../trace/index.ts');
      const { cacheMatrix, cachePatterns } = await import('../lens/index.ts');
      const cache = await openCache(file, { batch: options.batch, stack: options.stack });
      const { stages, weights: _, ...about } = cache;
      if (options.layer !== undefined || options.head !== undefined) {
        const matrix = cacheMatrix(cache, options.layer ?? cache.layers[0]!, options.head ?? 0);
        if (options.svg !== undefined) {
          const { matrixSvg } = await import('../views/index.ts');
          await writePicture(options.svg, matrixSvg(matrix, { language: language() }));
        }
        if (options.json) return printJson({ ...about, matrix });
        const { cacheRemarks, matrixText } = await import('../views/index.ts');
        const remarks = cacheRemarks(cache, terminal()).map((line) => `${line}\n`);
        return print(
          [...(remarks.length > 0 ? ['\n', ...remarks, '\n'] : []), matrixText(matrix, terminal())].join(''),
        );
      }
      const patterns = cachePatterns(cache);
      if (options.svg !== undefined) {
        const { cacheSvg } = await import('../views/index.ts');
        await writePicture(options.svg, cacheSvg(cache, patterns, { language: language() }));
      }
      if (options.json) return printJson({ ...about, stages, patterns });
      const { cacheText } = await import('../views/index.ts');
      print(cacheText(cache, patterns, terminal()));
    });
}
