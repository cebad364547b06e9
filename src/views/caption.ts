import type { Look, LookKey } from '../lens/index.ts';
import { type Language, particle, placeName } from './language.ts';
import { two } from './numerals.ts';

/** Whether a key is the word that asks: never in another text. */
export const isAsking = ({ query }: Look, { word }: Pick<LookKey, 'word'>): boolean =>
  word !== null && word === query.word;

/** How Korean sentences end: 둡니다 in the terminal and in files, 둬요 where a page talks to its visitor. English has one. */
export type Manner = 'formal' | 'friendly';

/** The picture as a sentence: weights as the model has them, and what is left over. `written` says how a number is written. */
export function caption(look: Look, language: Language, manner: Manner = 'formal', written = two): string {
  const { query, place, head, leftOver } = look;
  // What is out of sight is not spoken of, unless a weight was set there.
  const others = look.keys
    .filter(({ word, score, weight }) => word !== null && word !== query.word && (score !== null || weight !== 0))
    .toSorted((a, b) => b.weight - a.weight);
  const rest = leftOver.self + leftOver.special;
  const shown = others.slice(0, 4);
  const hidden = others.slice(4).reduce((sum, { weight }) => sum + weight, 0);
  const friendly = manner === 'friendly';
  const whole = {
    ko: `(${placeName(place, language)}, 헤드 ${head})`,
    en: `(${placeName(place, language)}, head ${head})`,
  }[language];
  // Of two texts, the word that asks is none of the keys; some models put no separators around a text.
  const self = !place.endsWith('.cross');
  // A few vocabularies have tokens for blanks, which are of no word either.
  const outside = look.keys.filter(({ word }) => word === null).map(({ text }) => isBlank(text));
  const [special, blanks] = [outside.includes(false), outside.includes(true)];
  if (language === 'ko') {
    const list = shown.map((key) => `${named(look, key, language)}에 ${written(key.weight)}`).join(', ');
    const more = others.length > 4 ? `, 다른 ${others.length - 4}개 단어에 ${written(hidden)}` : '';
    const kept = [...(self ? ['자기 자신'] : []), ...(special ? ['구분 토큰'] : []), ...(blanks ? ['빈칸'] : [])].join(
      '과 ',
    );
    const given = list
      ? `${list}${more}의 어텐션을 주고, 나머지 ${written(rest)}${particle(written(rest), '은')}`
      : `어텐션 ${written(rest)}${particle(written(rest), '을')} 모두`;
    const ends = friendly ? ['둬요', '줘요'] : ['둡니다', '줍니다'];
    const all = kept ? `${given} ${kept}에 ${ends[0]}` : `${list}${more}의 어텐션을 ${ends[1]}`;
    return `‘${query.text}’${particle(query.text, '은')} ${all} ${whole}.`;
  }
  const list = shown.map((key, i) =>
    i === 0
      ? `${written(key.weight)} of its attention to ${named(look, key, language)}`
      : `${written(key.weight)} to ${named(look, key, language)}`,
  );
  if (others.length > 4)
    list.push(`${written(hidden)} to ${others.length - 4} other word${others.length === 5 ? '' : 's'}`);
  const kept = [...(self ? ['itself'] : []), ...(special ? ['the separators'] : []), ...(blanks ? ['blanks'] : [])]
    .join(', ')
    .replace(/, (?=[^,]*$)/, ' and ');
  return `${query.text} gives ${[...list, ...(kept ? [`${written(rest)} to ${kept}`] : [])].join(', ')} ${whole}.`;
}

const isBlank = (text: string): boolean => /^[\s␣⏎⇥]+$/.test(text);

/** What is said behind a word that the text has again: which one it is, counted from 0. */
export const which = (word: number, language: Language): string =>
  ({ ko: `(단어 ${word})`, en: ` (word ${word})` })[language];

/** A key by its text, and where the sentence has the word again by its index too, counted from 0 as everywhere. */
function named({ keys }: Look, { text, word }: LookKey, language: Language): string {
  const again = word !== null && keys.some((key) => key.word !== word && key.word !== null && key.text === text);
  const place = again ? which(word, language) : '';
  return language === 'ko' ? `‘${text}’${place}` : `${text}${place}`;
}

/**
 * Aligned, or just long? Answered by what the favourite word would weigh if all keys were of one length, or all at one
 * angle. `written` says how a number is written.
 */
export function alignedOrLong(look: Look, language: Language, manner: Manner = 'formal', written = two): string {
  const others = look.keys
    .map((key, index) => ({ key, index }))
    .filter(({ key }) => key.word !== null && key.word !== look.query.word);
  const best = others.reduce<(typeof others)[number] | undefined>(
    (a, b) => (a && a.key.weight >= b.key.weight ? a : b),
    undefined,
  );
  const friendly = manner === 'friendly';
  if (!best)
    return language === 'ko'
      ? `견줄 다른 단어가 ${friendly ? '없어요' : '없습니다'}.`
      : 'There is no other word to compare.';
  const { weight } = best.key;
  const name = named(look, best.key, language);
  const [byAngle, byLength] = [
    look.counterfactual.equalLengths[best.index]!,
    look.counterfactual.equalDirections[best.index]!,
  ];
  const largest = (weights: readonly number[]): boolean =>
    others.every(({ index }) => weights[index]! <= weights[best.index]!);
  const [aligned, long] = [largest(look.counterfactual.equalLengths), largest(look.counterfactual.equalDirections)];
  const verdict = aligned && long ? 'both' : aligned ? 'aligned' : long ? 'long' : 'neither';
  const ko = {
    both: `방향만으로도, 길이만으로도 다른 단어를 ${friendly ? '앞서요' : '앞섭니다'}.`,
    aligned: friendly
      ? '방향이 맞기 때문이에요. 길이만으로는 앞서지 못해요.'
      : '방향이 맞기 때문입니다. 길이만으로는 앞서지 못합니다.',
    long: friendly ? '길기 때문이에요. 방향만으로는 앞서지 못해요.' : '길기 때문입니다. 방향만으로는 앞서지 못합니다.',
    neither: `방향과 길이가 함께여야 ${friendly ? '앞서요' : '앞섭니다'}.`,
  };
  const en = {
    both: 'Direction alone would put it first, and so would length alone.',
    aligned: 'It is aligned: direction alone puts it first, length alone does not.',
    long: 'It is long: length alone puts it first, direction alone does not.',
    neither: 'It takes direction and length together to put it first.',
  };
  return language === 'ko'
    ? `${name}의 가중치 ${written(weight)}: 길이가 모두 같다면 ${written(byAngle)}, 방향이 모두 같다면 ${written(byLength)}. ${ko[verdict]}`
    : `${name} has ${written(weight)}; with all lengths equal it would have ${written(byAngle)}, with all directions equal ${written(byLength)}. ${en[verdict]}`;
}

const story = ['철수가', '사과를', '맛있게', '먹었다'];

/** The story's own illustration, for its sentence alone: word → number. It was never measured. */
export function illustration(look: Look): ReadonlyMap<string, number> | null {
  const same =
    look.words.length === story.length &&
    look.words.every(({ text }, i) => text === story[i]) &&
    look.query.text === '먹었다';
  return same
    ? new Map([
        ['철수가', 0.2],
        ['사과를', 0.7],
        ['맛있게', 0.1],
      ])
    : null;
}
