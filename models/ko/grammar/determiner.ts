/** What points at a noun or says whose it is: 이 사과, 우리 할머니, 철수의 가방. */
import type { Random } from 'siseon/train';
import type { Level } from './inflection.ts';
import { belongings, commonPlaces, kin, list, names, ownPlaces, pointable, siblings } from './nouns.ts';

export interface Determiner {
  readonly stem: string;
  readonly text: string;
}

const nearKin = list('동생 친구 조카 후배 딸 아들 이모 삼촌');

/** A word that may stand before the noun, or null: names, seasons and Seoul are no one's. */
export function determiner(random: Random, noun: string, level: Level, used: ReadonlySet<string>): Determiner | null {
  const formal = level === 'polite' || level === 'formal';
  const our = { stem: '우리', text: '우리' };
  const my = formal ? { stem: '저', text: '제' } : { stem: '나', text: '내' };
  const of = (owners: readonly string[]): Determiner[] =>
    owners.filter((owner) => owner !== noun && !used.has(owner)).map((stem) => ({ stem, text: `${stem}의` }));
  const owner = of([names[Math.floor(random() * names.length)]!]);
  // In polite speech 저 would be heard as the speaker.
  const pointing = (formal ? ['이', '그'] : ['이', '그', '저']).map((stem) => ({ stem, text: stem }));
  const choices: Determiner[] = [];
  if (siblings.includes(noun)) choices.push(our);
  else if (kin.includes(noun)) choices.push(our, ...(nearKin.includes(noun) ? [my] : []), ...owner);
  else if (ownPlaces.includes(noun)) choices.push(our, ...owner, ...of(['친구']));
  else if (belongings.has(noun)) choices.push(my, ...owner, ...of(['친구', '동생']), pointing[0]!, pointing[1]!);
  else if (pointable.has(noun) || commonPlaces.includes(noun)) choices.push(...pointing);
  return choices.length === 0 ? null : choices[Math.floor(random() * choices.length)]!;
}
