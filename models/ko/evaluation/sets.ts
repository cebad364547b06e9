/** The sentences that the figures are taken on. Each set has a seed of its own; development and test share none. */
import { type Random, seededRandom } from 'siseon/train';
import { pick } from '../grammar/clause.ts';
import { withNewObjects } from '../grammar/lexicon.ts';
import { verbs } from '../grammar/predicates.ts';
import { type Sentence, sentenceClause } from '../grammar/sentence.ts';
import { holdsUnseenPair, type Split, writeSentences } from '../grammar/write.ts';
import type { Probe } from '../heads.ts';

/** Real nouns that the grammar does not know, by a verb that takes them. */
export const unknownNouns: Readonly<Record<string, readonly string[]>> = {
  먹: ['청국장', '송편', '두리안', '붕어빵', '수제비', '무화과', '크로켓', '짜장면', '깍두기', '누룽지'],
  마시: ['미숫가루', '레모네이드', '막걸리', '수정과', '보리차', '포도주', '탄산수'],
  읽: ['수필집', '회고록', '백과사전', '안내문', '족보', '악보'],
  쓰: ['유언장', '회고록', '반성문', '대본', '축사'],
  보: ['발레', '오페라', '불꽃놀이', '서커스', '다큐멘터리'],
  입: ['망토', '두루마기', '청바지', '드레스', '저고리', '우비'],
  만들: ['고추장', '송편', '도자기', '비누', '목걸이줄', '연필꽂이'],
  타: ['유람선', '스쿠터', '헬리콥터', '썰매', '잠수함'],
  사: ['텀블러', '선풍기날개', '화장품', '믹서기', '돗자리', '손전등'],
  키우: ['앵무새', '고슴도치', '햄스터', '달팽이', '도마뱀'],
  심: ['상추', '매화', '대나무', '인삼', '코스모스'],
  잡: ['메뚜기', '멧돼지', '문어', '미꾸라지', '모기'],
  연주하: ['트럼펫', '첼로', '오보에', '해금', '장구'],
  씻: ['상추', '도마', '국자', '발가락', '주전자'],
};

const unknownObject = (random: Random, { predicate }: { predicate: { stem: string } }): string | null => {
  const known = unknownNouns[predicate.stem];
  return known ? pick(random, known) : null;
};

const own = (sentence: Sentence): Probe => ({ sentence, clause: sentenceClause(sentence) });
const objectOf = ({ sentence, clause }: Probe): string | null =>
  clause.roles.object === undefined ? null : sentence.words[clause.roles.object]!.text.replace(/[.?]$/, '');
const isMarked = (text: string): boolean => /[을를]$/.test(text);

/** The nearest word in 을/를 to the left of the verb, or −1. */
export const nearestMarked = ({ words }: Sentence, verb: number): number =>
  words.findLastIndex(({ text }, index) => index < verb && isMarked(text));

/** Where the object is neither the word before the verb nor the nearest in 을/를, for a reason of structure. */
const isContrast = ({ sentence, clause }: Probe): boolean => {
  const { object } = clause.roles;
  if (object === undefined || object === clause.verb - 1 || object === nearestMarked(sentence, clause.verb))
    return false;
  const fronted = object === 0 && clause.verb > 1;
  return sentence.clauses.length > 1 || fronted;
};

export const setNames = [
  'object',
  'subject',
  'unseenNouns',
  'unseenPairs',
  'contrast',
  'unmarked',
  'withoutObject',
  'cause',
] as const;
export type SetName = (typeof setNames)[number];

/** What each set asks for, for the card. */
export const descriptions: Readonly<Record<SetName, string>> = {
  object: 'object of a visible transitive verb',
  subject: 'its subject',
  unseenNouns: 'object, a real noun never seen in training',
  unseenPairs: 'object, a verb–noun pair never trained on',
  contrast: 'contrast: two clauses, relative clauses, fronted objects; nearest 을/를 and previous word both wrong',
  unmarked: 'contrast: object with a topic particle or none',
  withoutObject: 'verbs without an object',
  cause: 'one clause: a subject, an object in 을/를 and a verb, nothing else that tells',
};

/** The probes of one set, so many of them. */
export function probesOfSet(name: SetName, count: number, split: Exclude<Split, 'train'>): Probe[] {
  const seed = (split === 'test' ? 7000 : 3000) + setNames.indexOf(name);
  const draw = (where: (probe: Probe) => boolean, grammar?: Parameters<typeof writeSentences>[0]['grammar']): Probe[] =>
    writeSentences({ seed, count, split, where: (sentence) => where(own(sentence)), ...(grammar && { grammar }) }).map(
      own,
    );
  switch (name) {
    case 'object':
      return draw((probe) => objectOf(probe) !== null);
    case 'subject':
      return draw(({ clause }) => clause.kind === 'transitive' && clause.roles.subject !== undefined);
    case 'unseenNouns':
      return draw(
        (probe) => (unknownNouns[probe.clause.frame] ?? []).includes(wordStem(probe, 'object')),
        withNewObjects(unknownObject),
      );
    case 'unseenPairs':
      return draw(
        (probe) => objectOf(probe) !== null && holdsUnseenPair({ ...probe.sentence, clauses: [probe.clause] }),
      );
    case 'contrast': {
      const random = seededRandom(seed);
      return writeSentences({
        seed,
        count,
        split,
        where: (sentence) => sentence.clauses.some((clause) => isContrast({ sentence, clause })),
      }).map((sentence) => ({
        sentence,
        clause: pick(
          random,
          sentence.clauses.filter((clause) => isContrast({ sentence, clause })),
        ),
      }));
    }
    case 'unmarked':
      return draw((probe) => {
        const object = objectOf(probe);
        return object !== null && !isMarked(object) && !/[도만]$/.test(object) && probe.sentence.clauses.length === 1;
      });
    case 'cause':
      return draw((probe) => {
        const { clause, sentence } = probe;
        const telling = Object.keys(clause.roles).some((role) => !['subject', 'object', 'time', 'verb'].includes(role));
        const subject = sentence.words[clause.roles.subject ?? -1]?.stem;
        const agents = verbs.find(({ predicate }) => predicate.stem === clause.frame)?.agents ?? [];
        return (
          clause.kind === 'transitive' &&
          sentence.clauses.length === 1 &&
          isMarked(objectOf(probe) ?? '') &&
          !telling &&
          !(subject !== undefined && agents.includes(subject))
        );
      });
    case 'withoutObject':
      return draw(({ clause }) => clause.kind === 'intransitive' && clause.roles.subject !== undefined);
  }
}

const wordStem = ({ sentence, clause }: Probe, role: 'object'): string =>
  clause.roles[role] === undefined ? '' : sentence.words[clause.roles[role]]!.stem;

/** Simple rules, each the word that it points at, or a share where it points at several. */
export const rules: Readonly<Record<string, (probe: Probe, right: number) => number>> = {
  'first word': ({ clause }, right) => Number(right === (clause.verb === 0 ? 1 : 0)),
  'previous word': ({ clause }, right) => Number(right === clause.verb - 1),
  'any word in 을/를': ({ sentence, clause }, right) => {
    const marked = [...sentence.words.keys()].filter((i) => i !== clause.verb && isMarked(sentence.words[i]!.text));
    return marked.includes(right) ? 1 / marked.length : 0;
  },
  'nearest 을/를 to the left': ({ sentence, clause }, right) => Number(right === nearestMarked(sentence, clause.verb)),
};
