// Korean morphology on Unicode syllables: a syllable is 0xAC00 + (initial * 21 + medial) * 28 + final.
const FIRST_SYLLABLE = 0xac00;
const FINALS = 28;
const MEDIALS = 21;
const MEDIAL = {
  ㅏ: 0,
  ㅑ: 2,
  ㅓ: 4,
  ㅕ: 6,
  ㅗ: 8,
  ㅘ: 9,
  ㅙ: 10,
  ㅚ: 11,
  ㅜ: 13,
  ㅝ: 14,
  ㅟ: 16,
  ㅡ: 18,
  ㅢ: 19,
  ㅣ: 20,
};
const FINAL = { none: 0, ㄴ: 4, ㄹ: 8, ㅂ: 17, ㅆ: 20 };

interface Syllable {
  initial: number;
  medial: number;
  final: number;
}

/** A particle, named by its form after a vowel. */
export type Particle =
  | '를'
  | '가'
  | '는'
  | '로'
  | '와'
  | '께서'
  | '께서는'
  | '께'
  | '에게'
  | '한테'
  | '에'
  | '에서'
  | '도'
  | '만'
  | '의'
  | '';

/** What the shape of a stem does not tell: ㅂ ㄷ ㅅ 르 change, `full` keeps -이어- apart (피었다). */
export type Irregular = 'ㅂ' | 'ㄷ' | 'ㅅ' | '르' | 'full';

/** A verb or adjective stem as the inflection needs it. */
export interface Conjugation {
  /** Dictionary form without -다. */
  stem: string;
  irregular?: Irregular;
  /** True when the dictionary form already holds the honorific -시- (드시다). */
  honorificStem?: boolean;
  /** True for adjectives and 있다, whose present is the bare stem with -다. */
  descriptive?: boolean;
}

export type Tense = 'past' | 'present' | 'future';
export type Level = 'plain' | 'polite' | 'casual' | 'formal';

/** Which form of a predicate is wanted: the end of a sentence, or a link to what follows. */
export type PredicateForm =
  | {
      readonly kind: 'final';
      readonly tense: Tense;
      readonly level: Level;
      readonly honorific: boolean;
      readonly question?: boolean;
    }
  /** Before a noun: 먹은, 먹는, 먹을; of adjectives 큰. */
  | { readonly kind: 'attributive'; readonly tense: Tense; readonly honorific: boolean }
  /** -고, -면서, and -지 before 않다. */
  | { readonly kind: 'and' | 'while' | 'negated'; readonly honorific: boolean };

function lastSyllable(word: string): Syllable {
  const code = word.charCodeAt(word.length - 1) - FIRST_SYLLABLE;
  if (!(code >= 0 && code < 19 * MEDIALS * FINALS)) throw new Error(`'${word}' does not end in a Hangul syllable`);
  return {
    initial: Math.floor(code / (MEDIALS * FINALS)),
    medial: Math.floor(code / FINALS) % MEDIALS,
    final: code % FINALS,
  };
}

function replaceLast(word: string, change: Partial<Syllable>): string {
  const { initial, medial, final } = { ...lastSyllable(word), ...change };
  return word.slice(0, -1) + String.fromCharCode(FIRST_SYLLABLE + (initial * MEDIALS + medial) * FINALS + final);
}

/** Attaches a particle to a noun in the form that the noun's last sound asks for (사과를, 밥을, 연필로, 칼로). */
export function attach(noun: string, particle: Particle): string {
  const { final } = lastSyllable(noun);
  const closed = final !== FINAL.none;
  switch (particle) {
    case '를':
      return noun + (closed ? '을' : '를');
    case '가':
      return noun + (closed ? '이' : '가');
    case '는':
      return noun + (closed ? '은' : '는');
    case '와':
      return noun + (closed ? '과' : '와');
    case '로':
      return noun + (closed && final !== FINAL.ㄹ ? '으로' : '로');
    default:
      return noun + particle;
  }
}

const bright = (medial: number): boolean => medial === MEDIAL.ㅏ || medial === MEDIAL.ㅗ || medial === MEDIAL.ㅑ;
const brightBefore = (stem: string): boolean => stem.length > 1 && bright(lastSyllable(stem.slice(0, -1)).medial);

/** The form that -아/-어 makes of a stem: 먹어, 봐, 써, 마셔, 구워, 들어, 불러, 해. Past and -아요 are built on it. */
export function connective({ stem, irregular }: Conjugation): string {
  const { medial, final } = lastSyllable(stem);
  if (stem.endsWith('하')) return `${stem.slice(0, -1)}해`;
  switch (irregular) {
    case 'ㅂ':
      // Only 돕다 and 곱다 keep the bright vowel.
      return replaceLast(stem, { final: FINAL.none }) + (stem.endsWith('돕') || stem.endsWith('곱') ? '와' : '워');
    case 'ㄷ':
      return replaceLast(stem, { final: FINAL.ㄹ }) + (bright(medial) ? '아' : '어');
    case 'ㅅ':
      return replaceLast(stem, { final: FINAL.none }) + (bright(medial) ? '아' : '어');
    case '르':
      return replaceLast(stem.slice(0, -1), { final: FINAL.ㄹ }) + (brightBefore(stem) ? '라' : '러');
    case 'full':
      return `${stem}어`;
  }
  if (final !== FINAL.none) return stem + (bright(medial) ? '아' : '어');
  switch (medial) {
    case MEDIAL.ㅗ:
      return replaceLast(stem, { medial: MEDIAL.ㅘ });
    case MEDIAL.ㅜ:
      return replaceLast(stem, { medial: MEDIAL.ㅝ });
    case MEDIAL.ㅣ:
      return replaceLast(stem, { medial: MEDIAL.ㅕ });
    case MEDIAL.ㅚ:
      return replaceLast(stem, { medial: MEDIAL.ㅙ });
    case MEDIAL.ㅡ:
      return replaceLast(stem, { medial: brightBefore(stem) ? MEDIAL.ㅏ : MEDIAL.ㅓ });
    case MEDIAL.ㅟ:
    case MEDIAL.ㅢ:
      return `${stem}어`;
    default:
      return stem;
  }
}

/** The stem before endings that begin with -으- (-으시-, -은): 읽으, 구우, 들으, 지으, 만드, 마시. */
function softStem({ stem, irregular }: Conjugation): string {
  const { final } = lastSyllable(stem);
  if (irregular === 'ㅂ') return `${replaceLast(stem, { final: FINAL.none })}우`;
  if (irregular === 'ㄷ') return `${replaceLast(stem, { final: FINAL.ㄹ })}으`;
  if (irregular === 'ㅅ') return `${replaceLast(stem, { final: FINAL.none })}으`;
  if (final === FINAL.ㄹ) return replaceLast(stem, { final: FINAL.none });
  return final === FINAL.none ? stem : `${stem}으`;
}

/** The stem with the honorific -시-: 읽으시, 구우시, 만드시, 드시. */
export function honorificStem(verb: Conjugation): string {
  return verb.honorificStem ? verb.stem : `${softStem(verb)}시`;
}

/** Inflects a verb or adjective: 먹었다, 읽으셨다, 마셔요?, 먹은, 구우면서, 듣지. */
export function inflect(verb: Conjugation, form: PredicateForm): string {
  const raised = form.honorific || verb.honorificStem === true;
  // -시- makes a regular stem of any.
  const base: Conjugation = raised
    ? { stem: honorificStem(verb), honorificStem: true, ...(verb.descriptive && { descriptive: true }) }
    : verb;
  switch (form.kind) {
    case 'and':
      return `${base.stem}고`;
    case 'negated':
      return `${base.stem}지`;
    case 'while':
      return lastSyllable(base.stem).final === FINAL.ㄹ ? `${base.stem}면서` : `${softStem(base)}면서`;
    case 'attributive':
      return attributive(base, form.tense);
    case 'final':
      return final(base, raised, form);
  }
}

function final(
  base: Conjugation,
  raised: boolean,
  { tense, level, question = false }: PredicateForm & { kind: 'final' },
): string {
  const mark = question ? '?' : '';
  if (tense === 'past' || tense === 'future') {
    const stem = tense === 'past' ? replaceLast(connective(base), { final: FINAL.ㅆ }) : `${base.stem}겠`;
    const endings = {
      plain: question ? '니' : '다',
      polite: '어요',
      casual: '어',
      formal: question ? '습니까' : '습니다',
    };
    return stem + endings[level] + mark;
  }
  const { final: last } = lastSyllable(base.stem);
  const open = last === FINAL.none || last === FINAL.ㄹ;
  const closeWith = (consonant: number): string => replaceLast(base.stem, { final: consonant });
  switch (level) {
    case 'polite':
      return (raised ? `${base.stem.slice(0, -1)}세요` : `${connective(base)}요`) + mark;
    case 'casual':
      return connective(base) + mark;
    case 'formal':
      return (open ? `${closeWith(FINAL.ㅂ)}니` : `${base.stem}습니`) + (question ? '까?' : '다');
    case 'plain':
      if (question) return `${last === FINAL.ㄹ ? closeWith(FINAL.none) : base.stem}니?`;
      if (base.descriptive) return `${base.stem}다`;
      return open ? `${closeWith(FINAL.ㄴ)}다` : `${base.stem}는다`;
  }
}

/** Before a noun: of verbs 먹은 (past), 먹는, 먹을 (future); of adjectives 큰, 작은, 매운, 맛있는. */
export function attributive(predicate: Conjugation, tense: Tense = 'present'): string {
  const { stem, descriptive } = predicate;
  const soft = softStem(predicate);
  if (tense === 'future') return replaceLast(soft, { final: FINAL.ㄹ });
  if (/[있없]$/.test(stem) || (tense === 'present' && !descriptive))
    return `${lastSyllable(stem).final === FINAL.ㄹ ? replaceLast(stem, { final: FINAL.none }) : stem}는`;
  // 작으 + ㄴ and 매우 + ㄴ both close the last syllable.
  return replaceLast(soft, { final: FINAL.ㄴ });
}

/**
 * The letter sequences that some inflected form of the stem begins with, before its endings: 마시 and 마셔, 굽, 구우
 * and 구워, 듣 and 들, 만들 and 만드. The honorific verbs give up their -시- to the endings: 드, 주무, 계.
 */
export function stemPieces(verb: Conjugation): string[] {
  if (verb.honorificStem) return [verb.stem.slice(0, -1)];
  const open = connective(verb);
  const soft = softStem(verb);
  // -아, -어 and -으 after a closed syllable, or after one that lost its final, are pieces of their own.
  const cut = (form: string): string => (/[아어으]$/.test(form) && form.length > 1 ? form.slice(0, -1) : form);
  const keptWhole = open.length === verb.stem.length || verb.irregular === 'ㅂ' || verb.irregular === '르';
  return [...new Set([verb.stem, keptWhole ? open : cut(open), verb.irregular === 'ㅂ' ? soft : cut(soft)])];
}
