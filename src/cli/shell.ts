/** What every command shares: its options, the language of what it prints, the model it loads. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { LayerPlace } from '../attention/index.ts';
import type { Encoding, Model, Notice } from '../model/index.ts';
import { unseen } from '../model/unseen.ts';
import { SiseonError } from '../platform/errors.ts';
import type { HubOptions } from '../platform/index.ts';
import type { Trace, TraceInput } from '../trace/index.ts';
import { type Language, languageOf } from '../views/language.ts';

export interface Common {
  readonly model?: string;
  readonly lang?: Language;
  readonly json?: boolean;
}
export interface Where {
  readonly layer?: number;
  readonly head?: number;
}
/** Likewise in any kind of model. */
export interface Placed {
  readonly layer?: LayerPlace;
  readonly head?: number;
}
/** What the decoder of an encoder-decoder reads. */
export interface Decoding {
  readonly decoder?: string;
  readonly decoderIds?: readonly number[];
}

const locale = (): Language =>
  /^ko/.test(process.env.LC_ALL || process.env.LC_MESSAGES || process.env.LANG || '') ? 'ko' : 'en';
/** Before anything is parsed: what --lang says, else the language of what was typed. */
const typed = (words: readonly string[]): Language => {
  const [, asked] = / --lang[ =](ko|en)\b/.exec(` ${words.join(' ')}`) ?? [];
  return (asked as Language | undefined) ?? languageOf(words.join(' ')) ?? locale();
};
let spoken: Language = typed(process.argv.slice(2));
/** The language of what is printed from now on: the one asked for, else the text's, else the locale's. */
export function speak(options: Common, text: string): void {
  spoken = options.lang ?? languageOf(text) ?? locale();
}
export const language = (): Language => spoken;

// Colour is for people: not for pipes, and not against NO_COLOR (no-color.org).
export const color = Boolean(process.stdout.isTTY) && !process.env.NO_COLOR;
/** Columns for tables and paragraphs: the terminal's, within reason; a pipe has as many as a page. */
const width = Math.min(110, Math.max(40, (process.stdout.isTTY ? process.stdout.columns : 0) || 80)) - 2;
/** What every view in the terminal is told. */
export const terminal = () => ({ language: spoken, color, width });
export const print = (text: string): void => void process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
export const printJson = (value: unknown): void => print(JSON.stringify(value, null, 2));
/** To stderr, for people: remarks and progress. */
export const remark = (text: string): void => void process.stderr.write(`${text}\n`);

/** The ending of a file's name, one of those given. Throws `unknownFormat`. */
export function expectEnding(path: string, endings: readonly string[]): string {
  const ending = endings.find((one) => path.endsWith(`.${one}`) && !path.endsWith(`/.${one}`) && path !== `.${one}`);
  if (ending !== undefined) return ending;
  const [last, ...rest] = endings.map((one) => `.${one}`).toReversed();
  throw new SiseonError({
    code: 'unknownFormat',
    kind: 'usage',
    what: `${path} says no format`,
    expected: `a name ending in ${rest.length > 0 ? `${rest.toReversed().join(', ')} or ` : ''}${last}`,
  });
}

/** The lines of a text file that hold something. Throws `cannotRead`, and `emptyText` where there are none. */
export async function linesOf(path: string): Promise<string[]> {
  const { readText } = await import('../platform/index.ts');
  const lines = (await readText(path)).split(/\r?\n/).filter((line) => !unseen(line));
  if (lines.length > 0) return lines;
  throw new SiseonError({
    code: 'emptyText',
    kind: 'usage',
    what: `${path} holds no text`,
    next: 'Put one sentence on each line.',
  });
}

/** The texts of a file, one a line; of an encoder-decoder the decoder's may stand behind a tab. Throws what linesOf throws. */
export async function textsIn(
  path: string,
  { architecture }: Model,
): Promise<{ readonly text: string; readonly decoder?: string }[]> {
  return (await linesOf(path)).map((line) => {
    const [text = '', decoder] = architecture.encoder ? line.split(/\t(.*)/s) : [line];
    return decoder === undefined ? { text } : { text, decoder };
  });
}

/** Writes a text file whole or not at all. */
export async function writeText(path: string, text: string): Promise<void> {
  const { writeFileAtomically } = await import('../platform/index.ts');
  await writeFileAtomically(path, new TextEncoder().encode(text));
}

/** Writes a picture that follows the reader's choice of light or dark. */
export async function writePicture(path: string, svg: string): Promise<void> {
  const { adaptive } = await import('../views/index.ts');
  await writeText(path, adaptive(svg));
}

export const whole = (text: string): number => {
  if (/^\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError('A whole number, counted from 0, is expected.');
};
export const atLeastOne = (text: string): number => {
  if (whole(text) > 0) return Number(text);
  throw new InvalidArgumentError('A whole number of at least 1 is expected.');
};
export const positive = (text: string): number => {
  const number = Number(text);
  if (Number.isFinite(number) && number > 0) return number;
  throw new InvalidArgumentError('A number above 0 is expected.');
};
export const idList = (text: string): number[] => text.split(',').map((id) => whole(id.trim()));

/** An option that nothing here heeds. `needs`: what it goes with, as korean.ts names it. */
export const unheeded = (option: string, expected: string, details: { readonly needs: string }): SiseonError =>
  new SiseonError({
    code: 'optionUnheeded',
    kind: 'usage',
    what: `${option} would do nothing here`,
    expected,
    details,
  });

export const layerOption = () => new Option('--layer <N>', 'layer, counted from 0').argParser(whole);
/** A layer by its number, or as `encoder.0`, `decoder.1`, `cross.1`, or in full. */
export const placeNamed = (text: string): LayerPlace => {
  if (/^\d+$/.test(text)) return Number(text);
  const [, stack, short, long, crossed] =
    /^(encoder|decoder|cross)\.(?:(\d+)|layers\.(\d+)(\.cross)?)$/.exec(text) ?? [];
  const layer = Number(short ?? long);
  if (stack === 'cross' && short !== undefined) return `decoder.layers.${layer}.cross`;
  if (stack === 'encoder' && !crossed) return `encoder.layers.${layer}`;
  if (stack === 'decoder') return crossed ? `decoder.layers.${layer}.cross` : `decoder.layers.${layer}`;
  throw new InvalidArgumentError('A layer, counted from 0, is expected: N, encoder.N, decoder.N or cross.N.');
};
export const placeOption = () =>
  new Option(
    '--layer <N>',
    'layer, counted from 0; of an encoder-decoder encoder.N, decoder.N or cross.N (the decoder’s look at the encoder’s text)',
  ).argParser(placeNamed);
export const headOption = () => new Option('--head <N>', 'head, counted from 0').argParser(whole);
/** What a command takes whose model may have a decoder behind an encoder. */
export const decoding = (command: Command): Command =>
  command
    .option('--decoder <TEXT>', 'of an encoder-decoder: what its decoder reads, behind its start token')
    .option('--decoder-ids <LIST>', 'likewise as token ids, the start token first', idList);
/** That, as a part of what is run. */
export const decoded = ({ decoder, decoderIds }: Decoding): Decoding => ({
  ...(decoder !== undefined && { decoder }),
  ...(decoderIds !== undefined && { decoderIds }),
});

export const modelOption = () =>
  new Option(
    '--model <MODEL>',
    'folder of a checkpoint, .gguf file, or name on the Hugging Face hub, as klue/bert-base or NAME@REVISION (default: the Korean model that comes with it)',
  );
export const langOption = () => new Option('--lang <LANG>', 'language of what is printed').choices(['ko', 'en']);
export const jsonOption = () => new Option('--json', 'print the numbers as JSON');
export const svgOption = () =>
  new Option('--svg <FILE>', 'write the picture to a file').argParser((path: string) => {
    expectEnding(path, ['svg']);
    return path;
  });

/** A model by its folder, file or name on the hub; none: the Korean one. What comes from the hub is told on stderr. */
export async function load(
  where: string | undefined,
  options: { readonly tokenizer?: 'needed' | 'none' } = {},
): Promise<Model> {
  const { loadModel, shippedModel } = await import('../model/index.ts');
  if (where === undefined) return loadModel(shippedModel, { name: 'siseon/models/ko' });
  const { downloadLine } = await import('./download.ts');
  const { tell, stop } = downloadLine(spoken);
  const { cancelled, keptNotice } = await import('./errors.ts');
  const onKept: HubOptions['onKept'] = (kept) => remark(keptNotice(where, kept, spoken));
  // What came until Ctrl-C stays, and no lock is left behind.
  const cancel = new AbortController();
  const interrupted = (): void => cancel.abort(cancelled());
  process.once('SIGINT', interrupted);
  return loadModel(where, { name: where, onDownload: tell, onKept, signal: cancel.signal, ...options }).finally(() => {
    process.removeListener('SIGINT', interrupted);
    stop();
  });
}

/** Runs a model over a text or ids, without logits unless they are asked for: who shows a few reads out those. What the reader should know about the text goes to stderr. */
export async function record(folder: string | undefined, input: TraceInput): Promise<{ model: Model; trace: Trace }> {
  const { recordTrace } = await import('../trace/index.ts');
  const model = await load(folder, { tokenizer: 'text' in input || input.decoder !== undefined ? 'needed' : 'none' });
  const trace = await recordTrace(model, { logits: false, ...input });
  for (const encoding of [trace.encoding, trace.decoderEncoding]) if (encoding) await remarkOn(encoding);
  return { model, trace };
}

/** What the reader should know about how a text was read. */
export async function remarkOn({ notices }: Encoding): Promise<void> {
  const { notice } = await import('./errors.ts');
  // The same sign in a hundred places is said once.
  const first = new Map<string, { readonly of: Notice; count: number }>();
  for (const of of notices) {
    const key = `${of.code} ${of.text}`;
    const before = first.get(key);
    if (before) before.count++;
    else first.set(key, { of, count: 1 });
  }
  for (const { of, count } of first.values()) remark(notice(of, spoken, count));
}
