import { list } from './nouns.ts';

export interface TimeWord {
  readonly text: string;
  readonly stem: string;
  readonly tense: 'past' | 'present' | 'future' | 'any';
}
const time = (tense: TimeWord['tense'], words: string): TimeWord[] =>
  list(words).map((text) => ({ text, stem: text.length > 2 && text.endsWith('에') ? text.slice(0, -1) : text, tense }));

export const times: readonly TimeWord[] = [
  ...time('past', '어제 방금 아까 그저께 지난주에 작년에 어젯밤에'),
  ...time('future', '내일 모레 이따가 나중에 내년에'),
  ...time('any', '오늘 아침에 저녁에 점심에 주말에 오후에 밤에 새벽에 일요일에 토요일에 방학에'),
  ...time('present', '지금 매일 요즘 항상 가끔 보통'),
];

/** What stands before a verb as a word of its own and belongs to the sentence. */
export const questionWords = {
  subject: '누가',
  object: ['무엇을', '뭘', '뭐를'],
  manner: '어떻게',
  time: '언제',
  place: '어디에서',
} as const;
