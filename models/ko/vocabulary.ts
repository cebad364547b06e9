/**
 * The tokenizer of the Korean model: WordPiece over morphemes, in the letters of NFD. Decomposed, a fused form begins
 * with its stem's letters and ends with its ending's: 마셨다 is 마셔 ##ㅆ ##다, 갔다 is 가 ##ㅆ ##다.
 */
import { joinedTexts, wordPieceTokenizer } from 'siseon/train';
import { questionWords, times } from './grammar/adverbs.ts';
import { stemPieces } from './grammar/inflection.ts';
import { conjugations, manners, nouns } from './grammar/lexicon.ts';
import { topicWords } from './grammar/topics.ts';

const range = (first: number, last: number): string[] =>
  Array.from({ length: last - first + 1 }, (_, i) => String.fromCodePoint(first + i));

const words = (text: string): string[] => text.split(' ');
const particles = words(
  '를 을 이 가 은 는 에게 한테 께서 께서는 께 에서 에 로 으로 와 과 의 도 만 에는 에서는 에게는 까지 부터 처럼 보다 하고 랑 이랑 에서도 으로는',
);
/** Final consonants that endings leave on an open syllable: 마셔 ㅆ다, 마시 ㄴ다, 마시 ㄹ, 마시 ㅂ니다. */
const closing = { ㄴ: '\u11ab', ㄹ: '\u11af', ㅂ: '\u11b8', ㅆ: '\u11bb' };
const endings = [
  ...words('다 는다 게 었 았 였 겠 어요 아요 어 아 요 으 시 셨 신다 세요 으세요 으셨 으신다 셔 으셔 으시'),
  ...words(
    '고 면서 으면서 지 는 은 을 습니다 습니까 니까 니다 니 자 까 시고 으시고 시면서 으시면서 신 으신 시는 으시는',
  ),
  ...Object.values(closing),
  `${closing.ㄴ}다`,
  `${closing.ㅂ}니다`,
  `${closing.ㅂ}니까`,
  `시${closing.ㅂ}니다`,
];
/** Words that stand in front, ask or deny. */
const small = words(
  '나 내 난 너 네 넌 저 제 전 우리 우린 그 이 안 않 아니 누 누가 무엇 뭘 뭐 어떻게 어떤 언제 어디 왜 더 잘 못 참 다 것 수 때 하 있 없 되 싶 알 줘 주',
);
/** Frequent syllables, for nouns that the vocabulary does not know. */
const frequent =
  '가각간갈감강개거건검게겨결경계고공과관교구국군권귀그근금기길김나날남내너노녀년니다단달담당대더덕데도독동되두드들등때라락란람랑래량러력련로록론료루류르름리린림마막만말맘망매머먹면명모목무문물미민바박반발밤방배백버번범법별보복본봉부분불비빈사산살삼상새색생서석선설성세소속손송수순술숨스습승시식신실심아악안알암애야약양어억언얼업없여역연열영예오온올와완왕외요용우운울원월위유육은음의이인일임입자작잔잘장재저적전절점정제조족종좌주준중지직진질집차찬창채책처천철청체초총최추축출충치친칠카커코크타태택터토통투트특파판패편평포표품프피하학한할함합해행향허현협형호혼홍화환활황회획효후훈희힘';

/** Pieces in a fixed order: fallback, then morphemes. */
function pieces(): string[] {
  const conjoining = [...range(0x1100, 0x1112), ...range(0x1161, 0x1175), ...range(0x11a8, 0x11c2)];
  const letters = [...conjoining, ...range(0x3131, 0x3163), ...range(0x21, 0x7e)];
  const syllables = [
    ...new Set([...frequent, ...nouns.join(''), ...manners.join(''), ...times.map(({ text }) => text).join('')]),
  ];
  // 크게 is 크 게: as one piece it would swallow the stem of 크겠다.
  const ofStem = new Set(conjugations.map(({ stem }) => `${stem}게`));
  const known = [
    ...nouns,
    ...manners.filter((manner) => !ofStem.has(manner)),
    ...times.map(({ stem }) => stem),
    ...topicWords,
    ...small,
    questionWords.manner,
  ];
  const stems = conjugations.flatMap(stemPieces);
  // 판다 is 파 ㄴ다 and not the syllable 판: at the start of a word no fallback syllable may hide a stem and its ending.
  const hiding = new Set(
    stems.flatMap((stem) => Object.values(closing).map((final) => (stem.normalize('NFD') + final).normalize('NFC'))),
  );
  const starts = [...letters, ...syllables.filter((syllable) => !hiding.has(syllable)), ...known, ...stems];
  const continuations = [...letters, ...syllables, ...particles, ...endings];
  return [
    ...starts.map((piece) => piece.normalize('NFD')),
    ...continuations.map((piece) => `##${piece.normalize('NFD')}`),
  ];
}

/** The content of tokenizer.json, as Hugging Face's tokenizers read it. */
export function buildTokenizer(): Record<string, unknown> {
  const known = '\\u1100-\\u1112\\u1161-\\u1175\\u11a8-\\u11c2\\u3131-\\u3163A-Za-z0-9';
  const split = (pattern: string, behavior: string) => ({
    type: 'Split',
    pattern: { Regex: pattern },
    behavior,
    invert: false,
  });
  // One odd character must not take a whole word with it into [UNK], and long runs must not make WordPiece slow.
  const pretokenizers = [
    split('\\s+', 'Removed'),
    split(`[^${known}]`, 'Isolated'),
    split(`[${known}]{48}`, 'Isolated'),
  ];
  return wordPieceTokenizer(pieces(), {
    normalizer: { type: 'NFD' },
    pre_tokenizer: { type: 'Sequence', pretokenizers },
    pair: joinedTexts,
  });
}
