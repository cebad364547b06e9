/** What the commands about a prediction share: which prediction is asked about, and how it is named. */
import type { Command } from 'commander';
import type { Followed, LabelTarget, Target } from '../lens/index.ts';
import type { Encoding, Model } from '../model/index.ts';
import type { Trace, TraceInput } from '../trace/index.ts';
import {
  type Common,
  type Decoding,
  decoded,
  decoding,
  jsonOption,
  langOption,
  language,
  modelOption,
  print,
  printJson,
  svgOption,
  terminal,
  unheeded,
  writePicture,
} from './shell.ts';

export interface Asked extends Common, Decoding {
  readonly ids?: number[];
  readonly at?: string;
  readonly token?: string;
  readonly label?: string;
  readonly against?: string;
  readonly svg?: string;
}

/** Which prediction is asked about, and the options of those who ask. */
export const asking = (command: Command): Command =>
  decoding(command)
    .option(
      '--at <WORD|N>',
      'the word whose prediction is followed, or with --ids the position (default: the first mask, else the last)',
    )
    .option('--token <PIECE>', 'the token that is followed (default: the likeliest)')
    .option('--against <PIECE>', 'follow the difference to this token (or label) instead of the log-probability')
    .addOption(modelOption())
    .addOption(langOption())
    .addOption(jsonOption())
    .addOption(svgOption());

/** Likewise, of a classifier too. */
export const following = (command: Command): Command =>
  asking(command).option(
    '--label <NAME>',
    'of a classifier: the label that is followed, or its number (default: the likeliest)',
  );

/** A token as the vocabulary writes it (some hold Hangul in letters), as it is shown, or its id. */
export async function tokenOf(model: Model, written: string): Promise<number> {
  const [known] = [written, written.normalize('NFC'), written.normalize('NFD')].flatMap(
    (form) => model.tokenizer?.tokenId(form) ?? [],
  );
  const { vocabularySize } = model.architecture;
  const id = known ?? (/^\d+$/.test(written) ? Number(written) : undefined);
  if (id !== undefined && id < vocabularySize) return id;
  // As it is shown: ␣dog, or Hangul whose bytes the vocabulary writes.
  const { tokenName } = await import('../lens/index.ts');
  for (let shown = 0; shown < vocabularySize; shown++) if (tokenName(model, shown) === written) return shown;
  const { SiseonError } = await import('../platform/index.ts');
  throw new SiseonError({
    code: 'noSuchToken',
    kind: 'usage',
    what: `"${written}" is not in the vocabulary`,
    expected: 'a token as the vocabulary writes it or as it is shown, or its id',
  });
}

/**
 * The position that is asked about: a word's first token, or with ids the position itself. Where none is said, the first mask
 * that stands there, else the last.
 */
export async function positionFor(trace: Trace, model: Model, { at }: Pick<Asked, 'at'>): Promise<number> {
  const { ids, encoding } = predicted(trace);
  const mask = at === undefined ? maskOf(model) : undefined;
  if (mask !== undefined && ids.includes(mask)) return ids.indexOf(mask);
  if (!encoding || encoding.words.length === 0) {
    const position = at === undefined ? ids.length - 1 : Number(at);
    if (Number.isInteger(position) && position >= 0 && position < ids.length) return position;
    const { SiseonError } = await import('../platform/index.ts');
    throw new SiseonError({
      code: 'tokenOutOfRange',
      kind: 'usage',
      what: `there is no token ${at}`,
      expected: `0 to ${ids.length - 1}`,
    });
  }
  if (at !== undefined) return tokenNamed(encoding, at);
  const { defaultWord } = await import('../lens/index.ts');
  return defaultWord(encoding).tokens[0]!;
}

/** The text that predictions stand in: of an encoder-decoder the decoder's, which may be no text but ids. */
export const predicted = ({ ids, encoding, decoderIds, decoderEncoding }: Trace) =>
  decoderIds ? { ids: decoderIds, encoding: decoderEncoding } : { ids, encoding };

/** A token of that text as it is shown. */
export function predictedToken(trace: Trace, model: Model, position: number): string {
  const { ids, encoding } = predicted(trace);
  const id = ids[position]!;
  return encoding?.tokens[position]?.text ?? model.tokenizer?.piece(id) ?? `${id}`;
}

/** The label that a name or number means. Throws `noSuchLabel`. */
export async function labelOf({ architecture }: Model, written: string): Promise<number> {
  const { labels } = architecture.classifier!;
  const named = labels.findIndex((label) => label.normalize('NFC') === written.normalize('NFC'));
  const label = named < 0 && /^\d+$/.test(written) ? Number(written) : named;
  if (label >= 0 && label < labels.length) return label;
  const { SiseonError } = await import('../platform/index.ts');
  throw new SiseonError({
    code: 'noSuchLabel',
    kind: 'usage',
    what: `the model has no label "${written}"`,
    expected: `one of: ${labels.map((own, index) => `${index} ${own}`).join(', ')}`,
    details: { written, labels },
  });
}

/** Throws `noLabels`, `noSuchLabel`, and `optionUnheeded` for what only a token's prediction has. */
async function labelFor(trace: Trace, model: Model, options: Asked): Promise<LabelTarget> {
  const { classifier } = model.architecture;
  if (options.token !== undefined) throw unheeded('--token', 'a model that says tokens', { needs: 'tokens' });
  if (options.at !== undefined && classifier && classifier.of !== 'tokens')
    throw unheeded('--at', 'a classifier of tokens', { needs: 'tokenLabels' });
  const { prediction, scoresOf } = await import('../lens/index.ts');
  const position = classifier?.of === 'tokens' ? { position: await positionFor(trace, model, options) } : {};
  const scores = await scoresOf(trace, model, { label: 0, ...position });
  return {
    ...position,
    label: options.label === undefined ? prediction(scores).token : await labelOf(model, options.label),
    ...(options.against !== undefined && { against: await labelOf(model, options.against) }),
  };
}

/** What is followed: a token, or of a classifier a label; the likeliest where none is said. */
export async function targetFor(trace: Trace, model: Model, options: Asked, likeliestIn = trace): Promise<Followed> {
  if (options.label !== undefined || (model.architecture.classifier && !model.architecture.head))
    return labelFor(likeliestIn, model, options);
  return tokenFor(trace, model, options, likeliestIn);
}

async function tokenFor(trace: Trace, model: Model, options: Asked, likeliestIn: Trace): Promise<Target> {
  const { logitsFor, prediction } = await import('../lens/index.ts');
  const position = await positionFor(trace, model, options);
  const logits = await logitsFor(likeliestIn, model, position);
  return {
    position,
    token: options.token === undefined ? prediction(logits).token : await tokenOf(model, options.token),
    ...(options.against !== undefined && { against: await tokenOf(model, options.against) }),
  };
}

export async function saidTarget(trace: Trace, model: Model, target: Followed): Promise<string> {
  const { tokenName } = await import('../lens/index.ts');
  const ofLabel = 'label' in target;
  const name = (one: number): string => (ofLabel ? model.architecture.classifier!.labels[one]! : tokenName(model, one));
  const { position, against } = target;
  const what = name(ofLabel ? target.label : target.token) + (against === undefined ? '' : ` − ${name(against)}`);
  const ko = language() === 'ko';
  if (position === undefined) return ko ? `글 전체의 이름표 ${what}` : `the label ${what} of the text`;
  const where = predictedToken(trace, model, position);
  if (ofLabel)
    return ko ? `토큰 ${position}(${where})의 이름표 ${what}` : `the label ${what} of token ${position} (${where})`;
  // A model that reads both ways may see what it is asked to say; `siseon predict` hides it, the text with a mask does.
  const mask = maskOf(model);
  const seen = mask !== undefined && trace.decoderIds === null && trace.ids[position] !== mask;
  if (ko) return `토큰 ${position}(${where})의 예측 ${what}${seen ? ' (가리지 않고)' : ''}`;
  return `${what} predicted at token ${position} (${where}${seen ? ', in sight' : ''})`;
}

/** The token that hides a word from a model that reads both ways; undefined for one that does not, or has none. */
export const maskOf = ({ architecture, tokenizer }: Model): number | undefined =>
  architecture.causal ? undefined : (tokenizer?.tokenId('[MASK]') ?? tokenizer?.tokenId('<mask>'));

/** What a command runs: its text or --ids, and what the decoder reads. Throws `textOrIds`. */
export async function inputOf(
  text: string | undefined,
  { ids, ...rest }: Decoding & { readonly ids?: readonly number[] | undefined },
  option = '--ids',
): Promise<TraceInput> {
  if ((text === undefined) !== (ids === undefined))
    return { ...(text === undefined ? { ids: ids! } : { text }), ...decoded(rest) };
  const { SiseonError } = await import('../platform/index.ts');
  throw new SiseonError({
    code: 'textOrIds',
    kind: 'usage',
    what: `a text or ${option} is needed`,
    expected: 'one of the two',
    details: { option },
  });
}

/** A token of a text by the word that it begins, by the word's index, or, for special tokens, as it is written. */
export async function tokenNamed(encoding: Encoding, wanted: string): Promise<number> {
  const special = encoding.tokens.filter((token) => token.word === null && token.text === wanted);
  if (special.length === 1) return special[0]!.index;
  const { findWord } = await import('../lens/index.ts');
  return findWord(encoding, wanted).tokens[0]!;
}

export async function shown(
  options: Asked,
  effects: import('../views/index.ts').Effects,
  json: unknown,
): Promise<void> {
  const { effectsSvg, effectsText } = await import('../views/index.ts');
  if (options.svg !== undefined) await writePicture(options.svg, effectsSvg(effects));
  if (options.json) return printJson(json);
  print(effectsText(effects, terminal()));
}
