/**
 * The tokenizer of the Korean model: WordPiece over morphemes, in the letters of NFD. Decomposed, a fused form begins
 * with its stem's letters and ends with its ending's: 마셨다 is 마셔 ##ㅆ ##다, 갔다 is 가 ##ㅆ ##다.
 */
import { stemPieces } from './grammar/inflection.ts';
import { conjugations, manners, nouns, times } from './grammar/lexicon.ts';

const range = (first: number, last: number): string[] =>
  Array.from({ length: last - first + 1 }, (_, i) => String.fromCodePoint(first + i));

const particles = '를 을 이 가 은 는 에게 한테 께서 께서는 께 에서 에 로 으로 와 과 의 도 만'.split(' ');
const endings = [
  '었',
  '았',
  '였',
  '\u11bb',
  '다',
  '는다',
  '\u11ab다',
  '으',
  '시',
  '셨',
  '신다',
  '세요',
  '어요',
  '아요',
  '어',
  '아',
  '요',
  '겠',
  '으세요',
  '으셨',
  '으신다',
  '셔',
];
/** Frequent syllables, for nouns that the vocabulary does not know. */
const frequent =
  '가각간갈감강개거건검게겨결경계고공과관교구국군권귀그근금기길김나날남내너노녀년니다단달담당대더덕데도독동되두드들등때라락란람랑래량러력련로록론료루류르름리린림마막만말맘망매머먹면명모목무문물미민바박반발밤방배백버번범법별보복본봉부분불비빈사산살삼상새색생서석선설성세소속손송수순술숨스습승시식신실심아악안알암애야약양어억언얼업없여역연열영예오온올와완왕외요용우운울원월위유육은음의이인일임입자작잔잘장재저적전절점정제조족종좌주준중지직진질집차찬창채책처천철청체초총최추축출충치친칠카커코크타태택터토통투트특파판패편평포표품프피하학한할함합해행향허현협형호혼홍화환활황회획효후훈희힘';

/** Pieces in a fixed order: special tokens, then fallback, then morphemes. */
export function vocabularyPieces(): string[] {
  const conjoining = [...range(0x1100, 0x1112), ...range(0x1161, 0x1175), ...range(0x11a8, 0x11c2)];
  const letters = [...conjoining, ...range(0x3131, 0x3163), ...range(0x21, 0x7e)];
  const syllables = [
    ...new Set([...frequent, ...nouns.join(''), ...manners.join(''), ...times.map(({ text }) => text).join('')]),
  ];
  const starts = [
    ...letters,
    ...syllables,
    ...nouns,
    ...manners,
    ...times.map(({ stem }) => stem),
    ...conjugations.flatMap(stemPieces),
  ];
  const continuations = [...letters, ...syllables, ...particles, ...endings];
  const pieces = [
    '[PAD]',
    '[UNK]',
    '[CLS]',
    '[SEP]',
    '[MASK]',
    ...starts.map((piece) => piece.normalize('NFD')),
    ...continuations.map((piece) => `##${piece.normalize('NFD')}`),
  ];
  return [...new Set(pieces)];
}

/** The content of tokenizer.json, as Hugging Face's tokenizers read it. */
export function buildTokenizer(): Record<string, unknown> {
  const special = (content: string, id: number) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  });
  const known = '\\u1100-\\u1112\\u1161-\\u1175\\u11a8-\\u11c2\\u3131-\\u3163A-Za-z0-9';
  const split = (pattern: string, behavior: string) => ({
    type: 'Split',
    pattern: { Regex: pattern },
    behavior,
    invert: false,
  });
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'].map(special),
    normalizer: { type: 'NFD' },
    pre_tokenizer: {
      type: 'Sequence',
      // One odd character must not take a whole word with it into [UNK], and long runs must not make WordPiece slow.
      pretokenizers: [split('\\s+', 'Removed'), split(`[^${known}]`, 'Isolated'), split(`[${known}]{48}`, 'Isolated')],
    },
    post_processor: {
      type: 'TemplateProcessing',
      single: [
        { SpecialToken: { id: '[CLS]', type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: '[SEP]', type_id: 0 } },
      ],
      pair: [
        { SpecialToken: { id: '[CLS]', type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: '[SEP]', type_id: 0 } },
        { Sequence: { id: 'B', type_id: 0 } },
        { SpecialToken: { id: '[SEP]', type_id: 0 } },
      ],
      special_tokens: {
        '[CLS]': { id: '[CLS]', ids: [2], tokens: ['[CLS]'] },
        '[SEP]': { id: '[SEP]', ids: [3], tokens: ['[SEP]'] },
      },
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: false },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(vocabularyPieces().map((piece, id) => [piece, id])),
    },
  };
}
