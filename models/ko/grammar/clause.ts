/** Writes one clause: a predicate and the words that its frame allows, in free order before it. */
import type { Random } from 'siseon/train';
import { deniable, often, questionWords, timesOf } from './adverbs.ts';
import { determiner } from './determiner.ts';
import type { Draft, DraftClause, Written } from './draft.ts';
import {
  attach,
  type Conjugation,
  connective,
  inflect,
  type Level,
  type Particle,
  type PredicateForm,
  type Tense,
} from './inflection.ts';
import type { Grammar } from './lexicon.ts';
import { animals, honoured, people } from './nouns.ts';
import { inOrder, mayComeLate, type Phrase } from './order.ts';
import { type Aspect, type Frame, stay } from './predicates.ts';
import { mayTellOf, relativeTense } from './relative.ts';
import type { Clause, Role } from './sentence.ts';

/** Who does what and how: what is not said is drawn where the frame allows it. */
export interface Event {
  readonly frame: Frame;
  readonly subject: string;
  readonly object?: string;
  readonly manner?: string;
}

export interface ClauseOptions {
  readonly form: Clause['form'];
  readonly frame: Frame;
  readonly level: Level;
  readonly tense: Tense | null;
  readonly question: boolean;
  /** The noun that a relative clause stands before, and what it is in that clause. */
  readonly gap?: { readonly role: 'subject' | 'object'; readonly noun: Draft };
  /** Nouns that the sentence has already: none is written twice. */
  readonly used?: Set<string>;
  /** A subject set against that of another clause: 형은 읽고 동생은 썼다. */
  readonly contrasted?: boolean;
  /** A subject named in another clause; null where this one has none of its own. */
  readonly subject?: string | null;
  /** Who acts and on what, where that is not to be drawn. */
  readonly event?: Event;
  /** An event told in a relative clause before the object. */
  readonly aside?: Event;
  /** Relative clauses hold none themselves. */
  readonly nested: boolean;
}

export const pick = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random() * list.length)]!;

const inventedSyllables = [
  ...'가나다라마바사아자차카타파하고노도로모보소오조초거너더러머버서어저기니디리미비시이지구누두루무부수우주민진선현경영정성강단담란랑만명반별봄불산살섬솔숲실양연온원윤은인장재전존찬창천철청총춘쾌탄통평한해향호홍훈희',
];
/** A noun that no one knows, so that the fallback of the vocabulary is exercised. */
export const invented = (random: Random): string =>
  Array.from({ length: 2 + Math.floor(random() * 2) }, () => pick(random, inventedSyllables)).join('');

const levels: readonly Level[] = ['plain', 'plain', 'plain', 'plain', 'polite', 'polite', 'casual', 'casual', 'formal'];
export const drawLevel = (random: Random): Level => pick(random, levels);
const tenses: Readonly<Record<Aspect, readonly Tense[]>> = {
  activity: ['past', 'past', 'past', 'past', 'present', 'present', 'future'],
  rest: ['past', 'past', 'past', 'present', 'future'],
  instant: ['past', 'past', 'past', 'past', 'past', 'future'],
  long: ['past', 'past', 'present', 'present', 'future'],
  state: ['past', 'present', 'present'],
};

/** Who a pronoun is, with the forms that stand for pronoun and particle together. */
export const pronouns = {
  humble: { stem: '저', subject: '제가', topics: ['저는', '전'] },
  plain: { stem: '나', subject: '내가', topics: ['나는', '난'] },
  you: { stem: '너', subject: '네가', topics: ['너는', '넌'] },
  we: { stem: '우리', subject: '우리가', topics: ['우리는', '우린'] },
} as const;

/** I, you or we, as one speaks at this level. */
function drawPronoun(random: Random, level: Level, question: boolean): (typeof pronouns)[keyof typeof pronouns] {
  if (random() < 0.2) return pronouns.we;
  const formal = level === 'polite' || level === 'formal';
  return formal ? pronouns.humble : question ? pronouns.you : pronouns.plain;
}

/** One clause: its words, and with them the clauses that stand inside it. */
export function writeClause(random: Random, grammar: Grammar, options: ClauseOptions): Written {
  const { form, frame, level, question, gap, nested, event, used = new Set() } = options;
  const relative = form === 'relative';
  for (const noun of event ? [event.subject, event.object] : []) if (noun !== undefined) used.add(noun);
  const inner: DraftClause[] = [];
  const roles = new Map<Role, Draft>();
  const phrases: Phrase[] = [];
  const add = (role: Role, drafts: Draft[]): void => {
    phrases.push({ role, drafts, heavy: drafts.some((draft) => draft.role === 'verb') });
    roles.set(role, drafts.at(-1)!);
  };
  const word = (role: Role, stem: string, text = stem): Draft => ({ role, stem, text, head: null });
  const chance = (part: number): boolean => random() < part;
  /** A noun that the sentence does not have yet, where there is one. */
  const unused = (nouns: readonly string[]): string => {
    const left = nouns.filter((noun) => !used.has(noun));
    const noun = pick(random, left.length > 0 ? left : nouns);
    used.add(noun);
    return noun;
  };
  // One word of a clause asks, at most.
  let mayAsk = question && !event;
  const asks = (part: number): boolean => {
    const asking = mayAsk && chance(part);
    if (asking) mayAsk = false;
    return asking;
  };

  // When
  const adjectival = frame.kind === 'adjective';
  let tense =
    options.tense ?? pick(random, adjectival ? (['present', 'present', 'past'] as const) : tenses[frame.aspect]);
  let time: Draft | null = null;
  const fittingTimes = timesOf(frame.aspect, options.tense);
  if (!nested && !adjectival && fittingTimes.length > 0 && chance(0.3)) {
    if (frame.aspect !== 'state' && asks(0.3)) time = word('time', questionWords.time);
    else {
      const drawn = pick(random, fittingTimes);
      if (drawn.tense !== 'any') tense = drawn.tense;
      time = word('time', drawn.stem, drawn.text);
    }
  }
  const habitual = tense === 'present' && time !== null && time.stem !== '요즘' && time.stem !== questionWords.time;

  // One topic and one bare noun a clause at most; neither stands in a relative clause.
  let topicTaken = relative;
  let bareTaken = relative || level !== 'casual' || options.aside !== undefined;
  let heavyTaken = relative || nested;
  const marked = (particle: Particle): Particle => {
    if (!topicTaken && form !== 'while' && chance(0.14)) {
      topicTaken = true;
      return '는';
    }
    // 운동 하다 would be read as one word cut in two.
    if (!bareTaken && frame.predicate.stem !== '하' && chance(0.3)) {
      bareTaken = true;
      return '';
    }
    return form === 'final' && !question && !adjectival && chance(0.03)
      ? pick(random, ['도', '만'] as const)
      : particle;
  };

  /** A noun with what stands before it: 빨간, 내, 그, a relative clause. */
  const nounPhrase = (
    role: Role,
    stem: string,
    particle: Particle,
    { plainOnly = false, known = stem } = {},
  ): Draft[] => {
    const noun = word(role, stem, attach(stem, particle));
    const before: Draft[] = [];
    const modify = (modifierStem: string, text: string): void => {
      before.push({ role: 'modifier', stem: modifierStem, text, head: noun });
    };
    const draw = random();
    if (particle === '') heavyTaken = true;
    if (role === 'object' && options.aside) {
      const { frame: told } = options.aside;
      const written = writeClause(random, grammar, {
        ...relativeOptions,
        level,
        tense: relativeTense(random, told, { outer: frame, tense, role: 'object' }),
        frame: told,
        gap: { role: 'object', noun },
        event: options.aside,
        used,
      });
      inner.push(...written.clauses);
      return [...written.drafts, noun];
    }
    if (!plainOnly && !heavyTaken && !options.aside && draw < 0.24) {
      const written = relativeClause(random, grammar, { noun, known, frame, tense, level, used });
      if (written) {
        heavyTaken = true;
        inner.push(...written.clauses);
        return [...written.drafts, noun];
      }
    } else if (!plainOnly && !adjectival && draw < 0.32) {
      const fitting = grammar.adjectivesOf.get(stem);
      if (fitting) {
        const { predicate } = pick(random, fitting);
        modify(predicate.stem, inflect(predicate, { kind: 'attributive', tense: 'present', honorific: false }));
      }
    } else if (role !== 'instrument' && draw < 0.38) {
      const pointed = determiner(random, stem, level, used);
      if (pointed) modify(pointed.stem, pointed.text);
    }
    return [...before, noun];
  };

  // Who
  let subject: string | null = null;
  let raised = false;
  if (gap?.role === 'subject') {
    subject = gap.noun.stem;
    roles.set('subject', gap.noun);
    raised = honoured.includes(subject);
  } else if (options.subject !== undefined) {
    subject = options.subject;
    raised = subject !== null && honoured.includes(subject);
  } else if (event || adjectival || relative || chance(0.9)) {
    const personal = frame.subjects.includes('철수');
    const pronoun = Object.values(pronouns).find(({ stem }) => stem === event?.subject);
    // One does not ask others what one did oneself.
    const speaking = !event && !adjectival && personal && !used.has('나') && (!question || formOfYou.includes(level));
    if (event ? event.subject === questionWords.subject : !adjectival && asks(0.2))
      add('subject', [
        personal ? word('subject', questionWords.subject) : word('subject', '무엇', questionWords.thingAsSubject),
      ]);
    else if (pronoun || (speaking && chance(0.1))) {
      const who = pronoun ?? drawPronoun(random, level, question);
      subject = who.stem;
      used.add('나');
      const bare = !bareTaken && chance(0.3);
      const topic = !bare && !topicTaken && chance(0.5);
      topicTaken ||= topic;
      bareTaken ||= bare;
      heavyTaken ||= bare;
      add('subject', [word('subject', who.stem, bare ? who.stem : topic ? pick(random, who.topics) : who.subject)]);
    } else {
      subject = event?.subject ?? drawSubject(random, frame, used);
      used.add(subject);
      raised = honoured.includes(subject);
      const person = raised || people.includes(subject);
      let particle: Particle = '가';
      if (options.contrasted || (!topicTaken && chance(0.25))) {
        topicTaken = true;
        particle = raised && chance(0.5) ? '께서는' : '는';
      } else if (raised && chance(0.6)) particle = '께서';
      else if (!raised) particle = marked('가');
      const known = subject;
      if (!event && !raised && person && chance(0.04)) subject = invented(random);
      add('subject', nounPhrase('subject', subject, particle, { known }));
    }
  }
  // 께서 calls for -시-; 가 and 는 now and then go without.
  const upheld = (): boolean => /께서는?$/.test(roles.get('subject')?.text ?? '');
  const honours = grammar.independent ? chance(0.4) : raised && (upheld() || chance(0.93));
  let predicate: Conjugation = honours && frame.honorific ? frame.honorific : frame.predicate;

  // To whom, what
  if (frame.kind === 'ditransitive' && chance(0.9)) {
    const upwards = chance(0.3);
    const recipient = unused((upwards ? honoured : people).filter((person) => person !== subject && person !== '아기'));
    add(
      'recipient',
      nounPhrase('recipient', recipient, upwards ? '께' : pick(random, ['에게', '한테'] as const), { plainOnly: true }),
    );
    if (upwards && frame.upwards) predicate = frame.upwards;
  }
  if (gap?.role === 'object') roles.set('object', gap.noun);
  else if (frame.objects.length > 0 && (event || nested || needsObject(frame, subject) || chance(0.96))) {
    if (asks(0.2))
      add('object', [
        people.includes(frame.objects[0]!)
          ? word('object', '누구', questionWords.personAsObject)
          : word('object', '무엇', pick(random, questionWords.object)),
      ]);
    else {
      const known = event?.object ?? unused(frame.objects.filter((object) => object !== subject));
      const stem =
        !event && chance(grammar.inventedObjects) ? (grammar.newObject?.(random, frame) ?? invented(random)) : known;
      add('object', nounPhrase('object', stem, marked('를')));
    }
  }

  // How, where, with what
  if (time) add('time', [time]);
  const wordless = gap?.role === 'subject' && frame.objects.length === 0;
  const place = frame.placeParticle === '에' ? (frame.kind === 'transitive' ? 0.4 : 0.85) : relative ? 0.12 : 0.22;
  if (frame.places.length > 0 && (frame.needsPlace || wordless || (form !== 'while' && chance(place))))
    add(
      'place',
      nounPhrase('place', unused(frame.places.filter((noun) => noun !== subject)), frame.placeParticle, {
        plainOnly: true,
      }),
    );
  let manner: string | null = null;
  const fittingManners = frame.manners.filter(
    (one) => !(habitual && often.has(one)) && !(question && adjectival && (one === '참' || one === '무척')),
  );
  if (event?.manner !== undefined) manner = event.manner;
  else if (fittingManners.length > 0 && (chance(relative ? 0.15 : 0.42) || (wordless && !roles.has('place'))))
    manner = frame.aspect === 'activity' && asks(0.2) ? questionWords.manner : pick(random, fittingManners);
  if (manner !== null) add('manner', [word('manner', manner)]);
  if (frame.instruments.length > 0 && !animals.includes(subject ?? '') && chance(0.18))
    add('instrument', nounPhrase('instrument', unused(frame.instruments), '로', { plainOnly: true }));

  // The predicate, plain or denied or going on
  const verb = word('verb', predicate.stem, '');
  const tail: Draft[] = [verb];
  const close = (p: Conjugation, honorific: boolean): string => {
    const ending: PredicateForm =
      form === 'final'
        ? { kind: 'final', tense, level, honorific, question }
        : form === 'relative'
          ? { kind: 'attributive', tense, honorific }
          : { kind: form, honorific };
    return inflect(p, ending);
  };
  const draw = random();
  const here = frame.predicate.stem === '있';
  // 안 stands before short adjectives and before verbs that are not 공부 하다; nothing that happened by chance is denied.
  const short = adjectival
    ? predicate.stem.length <= 2 && !predicate.stem.endsWith('하')
    : !/.하$/.test(predicate.stem);
  const asked = question && !mayAsk && (!event || event.subject === questionWords.subject);
  const deniedManner = manner === null || (!adjectival && deniable.has(manner));
  const denied = form !== 'while' && !here && !asked && deniedManner;
  const after = (text: string, stem: string): void => void tail.push({ role: 'auxiliary', stem, text, head: verb });
  if (denied && draw < (relative ? 0.02 : 0.08)) {
    // 않다 is an adjective after adjectives.
    verb.text = inflect(predicate, { kind: 'negated', honorific: honours && predicate.honorificStem === true });
    after(
      close({ stem: '않', ...(adjectival && { descriptive: true }) }, honours && predicate.honorificStem !== true),
      '않',
    );
  } else if (denied && short && draw < (relative ? 0.03 : 0.16)) {
    verb.text = close(predicate, honours);
    tail.unshift({ role: 'auxiliary', stem: '안', text: '안', head: verb });
  } else if (form === 'final' && tense === 'future' && draw < (question ? 0.8 : 0.55)) {
    verb.text = inflect(predicate, { kind: 'attributive', tense, honorific: honours });
    after(willBe[question ? 'asked' : 'said'][level], '것');
  } else if (
    form === 'final' &&
    draw > 0.92 &&
    tense !== 'future' &&
    !here &&
    goesOn.includes(frame.aspect) &&
    !often.has(manner ?? '')
  ) {
    verb.text = frame.aspect === 'rest' ? connective(predicate) : inflect(predicate, { kind: 'and', honorific: false });
    after(close(honours ? stay : { stem: '있', descriptive: true }, honours), '있');
  } else verb.text = close(predicate, honours);
  if (gap) verb.head = gap.noun;

  const ordered = inOrder(random, phrases, adjectival ? 0 : 0.5);
  // Now and then something is added after the predicate, in speech.
  const last = ordered.filter(mayComeLate);
  const late =
    form === 'final' && level !== 'plain' && level !== 'formal' && ordered.length > 1 && last.length > 0 && chance(0.08)
      ? ordered.splice(ordered.indexOf(pick(random, last)), 1)
      : [];
  for (const { drafts } of phrases) drafts.at(-1)!.head = verb;
  const drafts = [...ordered.flatMap((phrase) => phrase.drafts), ...tail, ...late.flatMap((phrase) => phrase.drafts)];
  roles.set('verb', verb);
  return { drafts, clauses: [...inner, { verb, frame, form, roles }] };
}

/** Levels at which one speaks to 너. */
const formOfYou: readonly Level[] = ['plain', 'casual'];
/** What goes on: 읽고 있다, 앉아 있다. */
const goesOn: readonly Aspect[] = ['activity', 'long', 'rest'];
/** The future of speech, after -(으)ㄹ. */
const willBe = {
  said: { plain: '것이다', polite: '거예요', casual: '거야', formal: '것입니다' },
  asked: { plain: '거니?', polite: '거예요?', casual: '거야?', formal: '것입니까?' },
} as const;

/** Where a sentence without its object would say too little: with no subject, and of giving. */
const needsObject = (frame: Frame, subject: string | null): boolean =>
  subject === null || frame.kind === 'ditransitive';

/** A clause before a noun that is its object (누나가 읽은 책) or its subject (책을 읽은 누나); null where no frame takes the noun. */
function relativeClause(
  random: Random,
  grammar: Grammar,
  {
    noun,
    known,
    frame: outer,
    tense,
    level,
    used,
  }: {
    readonly noun: Draft;
    /** The noun of the grammar that an invented one stands for. */
    readonly known: string;
    readonly frame: Frame;
    readonly tense: Tense;
    readonly level: Level;
    readonly used: Set<string>;
  },
): Written | null {
  const person = honoured.includes(known) || people.includes(known);
  const asObject = grammar.framesOf.get(known)?.filter((frame) => mayTellOf(frame, outer));
  const role = person && (!asObject || asObject.length === 0 || random() < 0.7) ? 'subject' : 'object';
  const fitting =
    role === 'object'
      ? (asObject ?? [])
      : grammar.personal.filter(
          (frame) => frame !== outer && frame.subjects.includes(known) && frame.predicate.stem !== '있',
        );
  // 분 풍선을 분다 would say the same twice.
  if (fitting.length === 0) return null;
  const frame = pick(random, fitting);
  return writeClause(random, grammar, {
    ...relativeOptions,
    level,
    tense: relativeTense(random, frame, { outer, tense, role }),
    frame,
    gap: { role, noun },
    used,
  });
}

const relativeOptions = { form: 'relative', question: false, nested: true } as const;

export function drawSubject(random: Random, frame: Frame, used: ReadonlySet<string> = new Set()): string {
  const left = (nouns: readonly string[]): readonly string[] => {
    const unused = nouns.filter((noun) => !used.has(noun));
    return unused.length > 0 ? unused : nouns;
  };
  if (frame.agents.length > 0 && random() < 0.5) return pick(random, left(frame.agents));
  // Honoured people are fewer than others, and are spoken of as often.
  const raised = frame.subjects.filter((noun) => honoured.includes(noun));
  return pick(random, left(raised.length > 0 && random() < 0.4 ? raised : frame.subjects));
}
