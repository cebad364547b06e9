import type { Tense } from './inflection.ts';
import { list } from './nouns.ts';
import type { Aspect } from './predicates.ts';

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
  ...time('any', '오늘 아침에 저녁에 점심에 주말에 오후에 밤에 새벽에 일요일에 토요일에 오전에'),
  ...time('present', '지금 매일 요즘 항상 가끔 보통'),
];

const yearly = list('지난주에 작년에 내년에 나중에 요즘');
const lasting = list('작년에 요즘 항상');

/** The times at which such a thing is, was or will be: no one loves at nine, and no one finds each day the island. */
export function timesOf(aspect: Aspect, tense: Tense | null): readonly TimeWord[] {
  return times.filter(
    (time) =>
      (tense === null || time.tense === 'any' || time.tense === tense) &&
      (aspect === 'state' ? lasting.includes(time.text) : aspect !== 'long' || yearly.includes(time.text)) &&
      !(aspect === 'instant' && (time.tense === 'present' || time.text === '내년에')) &&
      !((aspect === 'activity' || aspect === 'rest') && (time.text === '작년에' || time.text === '내년에')),
  );
}

/** Manners that say how often; they do not go with 항상 or 매일, which say it too. */
export const often: ReadonlySet<string> = new Set(list('자주 또 처음 드디어 금방 잠깐 우연히 갑자기'));
/** Manners that are denied as easily as said: 열심히 공부하지 않았다, but no 실수로 안 깼다. */
export const deniable: ReadonlySet<string> = new Set(
  list('열심히 자주 많이 빨리 오래 꼼꼼히 깨끗하게 천천히 조용히 일찍 크게 꾸준히'),
);
/** Manners that stand next to their predicate; further off they would be heard with an adjective or another verb. */
export const near: ReadonlySet<string> = new Set(
  list(
    '아주 무척 정말 몹시 너무 꽤 참 조금 많이 깊이 잘 푹 꽉 꼭 꿀꺽 번쩍 툭 또 자주 금방 다시 높이 멀리 오래 얇게 두껍게 살짝 팔팔',
  ),
);

/** What stands before a verb as a word of its own and belongs to the sentence. */
export const questionWords = {
  subject: '누가',
  thingAsSubject: '뭐가',
  object: ['무엇을', '뭘', '뭐를'],
  personAsObject: '누구를',
  manner: '어떻게',
  time: '언제',
  place: '어디에서',
} as const;
