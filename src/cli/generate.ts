import { type Command, InvalidArgumentError } from 'commander';
import type { LayerPlace } from '../attention/index.ts';
import type { Model } from '../model/index.ts';
import { drawnBlanks, seen } from '../model/unseen.ts';
import type { SiseonError } from '../platform/index.ts';
import type { Ending, NewToken, TraceInput } from '../trace/index.ts';
import { placeName } from '../views/language.ts';
import { editsIn, editsOption, remarkOnOrigin } from './edits.ts';
import {
  type Common,
  type Decoding,
  decoded,
  decoding,
  headOption,
  idList,
  jsonOption,
  langOption,
  language,
  load,
  modelOption,
  type Placed,
  placeOption,
  print,
  printJson,
  remarkOn,
  speak,
  unheeded,
  whole,
} from './shell.ts';

interface Options extends Common, Placed, Decoding {
  readonly ids?: number[];
  readonly tokens: number;
  readonly temperature: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly seed?: number;
  readonly looks: number;
  readonly stop?: string[];
  readonly chat?: boolean;
  readonly system?: string;
  readonly edits?: string;
}

/** A token, what wrote it, and the tokens that it looked at most. */
interface Written {
  readonly id: number;
  readonly text: string | null;
  readonly position: number;
  readonly probability: number;
  readonly layer: LayerPlace;
  /** Null: the mean over the heads, which is an overview. */
  readonly head: number | null;
  /** Of the last: what ended the text. */
  readonly ended: Ending | null;
  readonly looked: readonly { readonly position: number; readonly text: string; readonly weight: number }[];
}

const share = (text: string): number => {
  const number = Number(text);
  if (Number.isFinite(number) && number >= 0) return number;
  throw new InvalidArgumentError('A number from 0 is expected.');
};

const someText = (text: string): string => {
  if (text !== '') return text;
  throw new InvalidArgumentError('A text is expected.');
};

/** `siseon generate`: the model writes on, and says for each token what it looked at. */
export function generate(program: Command): void {
  decoding(program.command('generate'))
    .description('the model writes on; each new token with what it looked at')
    .argument('[text]')
    .option('--ids <LIST>', 'token ids instead of a text, as 1,2,3', idList)
    .option('--tokens <N>', 'at most so many new tokens', whole, 20)
    .option('--temperature <T>', '0: the likeliest token each time; above, one is drawn', share, 0)
    .option('--top-k <K>', 'draw among so many of the likeliest', whole)
    .option('--top-p <P>', 'draw among the likeliest that have this much probability together', share)
    .option('--seed <N>', 'of what is drawn: the same seed, the same text (default: 0)', whole)
    .option(
      '--stop <TEXT>',
      'ends before this text; may be said several times',
      (one, all: string[]) => [...all, someText(one)],
      [],
    )
    .option('--chat', 'the text is what a user says to the model, in the model’s own chat template')
    .option('--system <TEXT>', 'with --chat: what is said before, in the system’s name')
    .option('--looks <N>', 'how many tokens looked at are shown for each', whole, 3)
    .addOption(editsOption())
    .addOption(placeOption())
    .addOption(headOption())
    .addOption(modelOption())
    .addOption(langOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  siseon generate "옛날 옛적에" --model ./kogpt2 --tokens 30\n  siseon generate --ids 3,14,7 --model ./tiny --temperature 0.8 --seed 5 --layer 1 --head 0\n  siseon generate "안녕?" --model ./exaone --chat\n',
    )
    .action(async (text: string | undefined, options: Options) => {
      speak(options, text ?? '');
      const { SiseonError } = await import('../platform/index.ts');
      if ((text === undefined) === (options.ids === undefined))
        throw new SiseonError({
          code: 'textOrIds',
          kind: 'usage',
          what: 'generate needs a text or --ids',
          expected: 'one of the two',
        });
      const model = await load(options.model);
      expectUse(model, options);
      const trace = await import('../trace/index.ts');
      const { tokens: maxTokens, temperature, topK, topP, seed = 0, stop: stops = [] } = options;
      const drawn = { ...(topK !== undefined && { topK }), ...(topP !== undefined && { topP }) };
      const sampling = { maxTokens, temperature, seed, stop: stops, ...drawn };
      const written: Written[] = [];
      const stop = new AbortController();
      process.once('SIGINT', () => stop.abort());
      const source = text === undefined ? { ids: options.ids! } : await asked(model, text, options);
      const file = options.edits === undefined ? null : await editsIn(options.edits);
      if (file) {
        const { tokenizer } = model;
        const ids = 'text' in source ? tokenizer?.encode(source.text, source).ids : Int32Array.from(source.ids);
        remarkOnOrigin(file, { model, ...(ids && { ids }) });
      }
      const edits = file?.edits ?? [];
      const input: TraceInput = { ...source, ...decoded(options), edits };
      try {
        for await (const token of trace.generate(model, input, { ...sampling, signal: stop.signal })) {
          const own = await lookedAt(model, token, options);
          // What is refused is refused before anything is printed.
          if (written.length === 0) {
            if ('text' in input && model.tokenizer) await remarkOn(model.tokenizer.encode(input.text, input));
            if (!options.json) print(text === undefined ? '' : `\n  ${text}\n`);
          }
          written.push(own);
          if (!options.json) print(line(own));
        }
      } catch (error) {
        if (!stop.signal.aborted) throw error;
      }
      const whole = written.map((token) => token.text ?? `${token.id} `).join('');
      const ended = written.at(-1)?.ended ?? null;
      if (options.json) return printJson({ model: model.name, text: text ?? null, written, added: whole, ended });
      const before = writtenBefore(model, text, options);
      print(`\n  ${before}${whole}\n${footnote(written)}`);
      if (ended === 'positions') print(full(model.architecture.positionCount));
    });
}

/** What the new tokens go on from, as it stands before them: of an encoder-decoder, which writes a text of its own, its decoder's. */
function writtenBefore({ architecture, tokenizer }: Model, text: string | undefined, options: Options): string {
  const [own, ids] = architecture.encoder ? [options.decoder, options.decoderIds] : [text, options.ids];
  if (own !== undefined || !ids) return own ?? '';
  return tokenizer ? tokenizer.decode(ids) : `${ids.join(' ')} `;
}

/** No option goes unheeded. Throws `optionUnheeded`. */
function expectUse(model: Model, options: Options): void {
  const { ids, stop = [], chat, system, temperature } = options;
  for (const [name, drawn] of Object.entries({ 'top-k': options.topK, 'top-p': options.topP, seed: options.seed }))
    if (temperature === 0 && drawn !== undefined)
      throw unheeded(`--${name}`, '--temperature above 0: at 0 nothing is drawn', { needs: 'temperature' });
  if (ids && chat) throw unheeded('--chat', 'a text, not --ids', { needs: 'text' });
  if (system !== undefined && !chat) throw unheeded('--system', '--chat with it', { needs: 'chat' });
  if (stop.length > 0 && !model.tokenizer) throw unheeded('--stop', 'a model with a tokenizer', { needs: 'tokenizer' });
}

/** The text to go on from, or the conversation that it begins. */
async function asked(model: Model, text: string, { chat, system }: Options): Promise<TraceInput> {
  if (!chat) return { text };
  const { chatText } = await import('../model/index.ts');
  const before = system === undefined ? [] : [{ role: 'system', content: system }];
  return { text: await chatText(model, [...before, { role: 'user', content: text }]), asWritten: true };
}

/** The row of the position that said the token: one head's, or the mean over all of a layer. */
async function lookedAt(model: Model, token: NewToken, options: Options): Promise<Written> {
  const { architecture: a } = model;
  const layer = options.layer ?? a.layerCount - 1;
  if (typeof layer === 'number' && layer >= a.layerCount) throw await outOfRange('layer', layer, a.layerCount);
  const place = a.encoder && typeof layer === 'number' ? (`decoder.layers.${layer}.cross` as const) : layer;
  if (`${place}`.startsWith('encoder.'))
    throw unheeded('--layer', 'a layer of the decoder: decoder.N or cross.N', { needs: 'decoder' });
  const { shape, data } = await token.look(place);
  const [heads = 0, keys = 0] = shape;
  if (options.head !== undefined && options.head >= heads) throw await outOfRange('head', options.head, heads);
  const rows = options.head === undefined ? Array.from({ length: heads }, (_, h) => h) : [options.head];
  const weight = (j: number): number => rows.reduce((sum, h) => sum + data[h * keys + j]!, 0) / rows.length;
  const { trace } = token;
  // What is written looks at itself, or across at the encoder's text.
  const ids = a.encoder && !`${place}`.endsWith('.cross') ? trace.decoderIds! : trace.ids;
  const { tokenName } = await import('../lens/index.ts');
  const looked = Array.from({ length: keys }, (_, position) => ({
    position,
    text: tokenName(model, ids[position]!),
    weight: weight(position),
  }))
    .sort((one, other) => other.weight - one.weight)
    .slice(0, options.looks);
  const { id, text, position, probability, ended } = token;
  return { id, text, position, probability, layer: place, head: options.head ?? null, ended, looked };
}

async function outOfRange(what: 'layer' | 'head', index: number, count: number): Promise<SiseonError> {
  const { SiseonError } = await import('../platform/index.ts');
  return new SiseonError({
    code: `${what}OutOfRange`,
    kind: 'usage',
    what: `there is no ${what} ${index}`,
    expected: `0 to ${count - 1}`,
    details: { index, last: count - 1 },
  });
}

function line({ id, text, position, probability, looked }: Written): string {
  const own = text === null ? `${id}` : text === '' ? '…' : seen(drawnBlanks(text));
  const percent = (part: number): string => `${(100 * part).toFixed(0)}%`;
  const looks = looked.map((key) => `${key.text} ${percent(key.weight)}`).join(', ');
  return `  ${String(position).padStart(4)}  ${own}  (${percent(probability)})  ← ${looks}`;
}

const full = (positions: number): string =>
  language() === 'ko'
    ? `  모델이 읽을 수 있는 ${positions}토큰이 다 차서 여기서 끝났습니다.`
    : `  Ended here, as the ${positions} tokens that the model can read are full.`;

function footnote(written: readonly Written[]): string {
  const [first] = written;
  if (!first) return '';
  const { layer, head } = first;
  const place = placeName(layer, language());
  if (language() === 'ko')
    return head === null
      ? `  화살표 뒤: ${place}에서 그 토큰을 쓰며 본 곳, 모든 헤드의 평균(개요)입니다. --head로 헤드 하나를 고르세요.`
      : `  화살표 뒤: ${place}, 헤드 ${head}에서 그 토큰을 쓰며 본 곳입니다.`;
  return head === null
    ? `  Behind the arrow: what ${place} looked at while writing the token, the mean over its heads (an overview; --head chooses one).`
    : `  Behind the arrow: what ${place}, head ${head} looked at while writing the token.`;
}
