/** Writes one clause: a predicate and the words that its frame allows, in free order before it. */
import type { Random } from 'siseon/train';
import { questionWords, times } from './adverbs.ts';
import {
  attach,
  type Conjugation,
  inflect,
  type Level,
  type Particle,
  type PredicateForm,
  type Tense,
} from './inflection.ts';
import type { Grammar } from './lexicon.ts';
import { animals, honoured, people } from './nouns.ts';
import { type Frame, offer, stay } from './predicates.ts';
import type { Clause, Role } from './sentence.ts';

/** A word before it has its place in the sentence. */
export interface Draft {
  text: string;
  readonly role: Role;
  readonly stem: string;
  head: Draft | null;
}

export interface DraftClause {
  readonly verb: Draft;
  readonly frame: Frame;
  readonly form: Clause['form'];
  readonly roles: Map<Role, Draft>;
}

/** Who does what and how: what is not said is drawn where the frame allows it. */
export interface Event {
  readonly frame: Frame;
  readonly subject: string;
  readonly object?: string;
  readonly manner?: string;
}

/** Words in their order and the clauses that they make, inner ones first. */
export interface Written {
  readonly drafts: Draft[];
  readonly clauses: DraftClause[];
}

export interface ClauseOptions {
  readonly form: Clause['form'];
  readonly frame: Frame;
  readonly level: Level;
  readonly tense: Tense | null;
  readonly question: boolean;
  /** The noun that a relative clause stands before, and what it is in that clause. */
  readonly gap?: { readonly role: 'subject' | 'object'; readonly noun: Draft };
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
const tenses: readonly Tense[] = ['past', 'past', 'past', 'past', 'present', 'present', 'future'];

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
  const { form, frame, level, question, gap, nested, event } = options;
  const relative = form === 'relative';
  const inner: DraftClause[] = [];
  const roles = new Map<Role, Draft>();
  const phrases: { role: Role; drafts: Draft[] }[] = [];
  const add = (role: Role, drafts: Draft[]): void => {
    phrases.push({ role, drafts });
    roles.set(role, drafts.at(-1)!);
  };
  const word = (role: Role, stem: string, text = stem): Draft => ({ role, stem, text, head: null });
  const chance = (part: number): boolean => random() < part;

  // One topic and one bare noun a clause at most; neither stands in a relative clause.
  let topicTaken = relative;
  let bareTaken = relative || level !== 'casual';
  const marked = (particle: Particle): Particle => {
    if (!topicTaken && chance(0.14)) {
      topicTaken = true;
      return '는';
    }
    if (!bareTaken && chance(0.3)) {
      bareTaken = true;
      return '';
    }
    return !relative && chance(0.04) ? pick(random, ['도', '만'] as const) : particle;
  };

  /** A noun with what stands before it: 빨간, 내, 그, a relative clause. */
  const nounPhrase = (role: Role, stem: string, particle: Particle, plainOnly = false): Draft[] => {
    const noun = word(role, stem, attach(stem, particle));
    const before: Draft[] = [];
    const modify = (modifierStem: string, text: string): void => {
      before.push({ role: 'modifier', stem: modifierStem, text, head: noun });
    };
    const draw = random();
    if (role === 'object' && options.aside) {
      const written = writeClause(random, grammar, {
        ...relativeOptions(random),
        frame: options.aside.frame,
        gap: { role: 'object', noun },
        event: options.aside,
      });
      inner.push(...written.clauses);
      return [...written.drafts, noun];
    }
    if (!plainOnly && !relative && !nested && draw < 0.2) {
      const written = relativeClause(random, grammar, noun, honoured.includes(stem) || people.includes(stem), frame);
      if (written) {
        inner.push(...written.clauses);
        return [...written.drafts, noun];
      }
    } else if (!plainOnly && draw < 0.27) {
      const fitting = grammar.adjectivesOf.get(stem);
      if (fitting) {
        const { predicate } = pick(random, fitting);
        modify(predicate.stem, inflect(predicate, { kind: 'attributive', tense: 'present', honorific: false }));
      }
    } else if (draw < 0.3 && !people.slice(0, 16).includes(stem)) {
      const owner = pick(random, ['나', '우리', '그', '이', '저', '철수', '영희', '친구', '동생']);
      if (owner !== stem)
        modify(owner, owner === '나' ? '내' : ['우리', '그', '이', '저'].includes(owner) ? owner : `${owner}의`);
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
  } else if (event || frame.kind === 'adjective' || !relative || chance(0.85)) {
    const pronoun = Object.values(pronouns).find(({ stem }) => stem === event?.subject);
    const asked = event
      ? event.subject === questionWords.subject
      : question && frame.kind !== 'adjective' && chance(0.2);
    const spoken = event ? pronoun !== undefined : frame.kind !== 'adjective' && chance(0.09);
    if (asked) add('subject', [word('subject', questionWords.subject)]);
    else if (spoken) {
      const who = pronoun ?? drawPronoun(random, level, question);
      subject = who.stem;
      const bare = !bareTaken && chance(0.3);
      const topic = !bare && !topicTaken && chance(0.5);
      topicTaken ||= topic;
      bareTaken ||= bare;
      add('subject', [word('subject', who.stem, bare ? who.stem : topic ? pick(random, who.topics) : who.subject)]);
    } else if (event || frame.kind === 'adjective' || chance(relative ? 1 : 0.9)) {
      subject = event?.subject ?? drawSubject(random, frame);
      raised = honoured.includes(subject);
      const person = raised || people.includes(subject);
      let particle: Particle = '가';
      if (!topicTaken && chance(0.25)) {
        topicTaken = true;
        particle = raised && chance(0.5) ? '께서는' : '는';
      } else if (raised && chance(0.6)) particle = '께서';
      else if (!raised) particle = marked('가');
      if (!event && !raised && person && chance(0.04)) subject = invented(random);
      add('subject', nounPhrase('subject', subject, particle));
    }
  }
  const honours = grammar.independent ? chance(0.4) : raised && chance(0.94);
  let predicate: Conjugation = honours && frame.honorific ? frame.honorific : frame.predicate;

  // To whom, what
  if (frame.kind === 'ditransitive' && chance(0.9)) {
    const upwards = chance(0.3);
    const recipient = pick(
      random,
      (upwards ? honoured : people).filter((person) => person !== subject),
    );
    add(
      'recipient',
      nounPhrase('recipient', recipient, upwards ? '께' : pick(random, ['에게', '한테'] as const), true),
    );
    if (upwards && frame.predicate.stem === '주') predicate = offer;
  }
  if (gap?.role === 'object') roles.set('object', gap.noun);
  else if (frame.objects.length > 0 && (event || chance(0.95))) {
    if (!event && question && chance(0.2)) {
      const asked = pick(random, questionWords.object);
      add('object', [word('object', '무엇', asked)]);
    } else {
      const known =
        event?.object ??
        pick(
          random,
          frame.objects.filter((object) => object !== subject),
        );
      const stem =
        !event && chance(grammar.inventedObjects) ? (grammar.newObject?.(random, frame) ?? invented(random)) : known;
      add('object', nounPhrase('object', stem, marked('를')));
    }
  }

  // How, when, where, with what
  if (event?.manner !== undefined || (chance(relative ? 0.15 : 0.42) && frame.manners.length > 0)) {
    const asked = question && frame.kind !== 'adjective' && chance(0.2);
    const manner = event?.manner ?? (asked ? questionWords.manner : pick(random, frame.manners));
    add('manner', [word('manner', manner)]);
  }
  let tense =
    options.tense ?? pick(random, frame.kind === 'adjective' ? (['present', 'present', 'past'] as const) : tenses);
  if (!nested && frame.kind !== 'adjective' && chance(0.3)) {
    if (question && chance(0.3)) add('time', [word('time', questionWords.time)]);
    else {
      const fitting =
        options.tense === null ? times : times.filter((time) => time.tense === 'any' || time.tense === tense);
      const time = pick(random, fitting);
      if (time.tense !== 'any') tense = time.tense;
      add('time', [word('time', time.stem, time.text)]);
    }
  }
  if (frame.places.length > 0 && chance(frame.placeParticle === '에' ? 0.75 : relative ? 0.12 : 0.22)) {
    const place = pick(random, frame.places);
    if (place !== subject) add('place', nounPhrase('place', place, frame.placeParticle, true));
  }
  if (frame.instruments.length > 0 && !animals.includes(subject ?? '') && chance(0.16))
    add('instrument', nounPhrase('instrument', pick(random, frame.instruments), '로', true));

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
  const compound = predicate.stem.length > 1 && predicate.stem.endsWith('하') && frame.kind !== 'adjective';
  const after = (text: string, stem: string): void => void tail.push({ role: 'auxiliary', stem, text, head: verb });
  if (form !== 'while' && draw < 0.06) {
    // 않다 is an adjective after adjectives.
    verb.text = inflect(predicate, { kind: 'negated', honorific: honours && predicate.honorificStem === true });
    after(
      close(
        { stem: '않', ...(frame.kind === 'adjective' && { descriptive: true }) },
        honours && predicate.honorificStem !== true,
      ),
      '않',
    );
  } else if (form !== 'while' && draw < 0.12 && !compound && predicate.stem !== '있' && predicate.stem !== '계시') {
    verb.text = close(predicate, honours);
    tail.unshift({ role: 'auxiliary', stem: '안', text: '안', head: verb });
  } else if (
    form === 'final' &&
    draw < 0.19 &&
    tense !== 'future' &&
    frame.kind !== 'adjective' &&
    predicate.stem !== '있' &&
    predicate.stem !== '계시'
  ) {
    verb.text = inflect(predicate, { kind: 'and', honorific: false });
    after(close(honours ? stay : { stem: '있', descriptive: true }, honours), '있');
  } else verb.text = close(predicate, honours);
  if (gap) verb.head = gap.noun;

  // Free order before the predicate, most often who, when, where, what, how.
  const usual: Role[] = chance(0.5)
    ? ['time', 'subject', 'place', 'recipient', 'instrument', 'object', 'manner']
    : ['subject', 'time', 'place', 'recipient', 'manner', 'instrument', 'object'];
  const free = chance(frame.kind === 'adjective' ? 0.05 : 0.5);
  const ordered = free
    ? shuffled(random, phrases)
    : phrases.toSorted((a, b) => usual.indexOf(a.role) - usual.indexOf(b.role));
  // An object that is the topic comes first more often than not.
  const topical = ordered.findIndex(({ role, drafts }) => role === 'object' && /[은는]$/.test(drafts.at(-1)!.text));
  if (topical > 0 && chance(0.6)) ordered.unshift(...ordered.splice(topical, 1));
  // Without a particle the place says what a noun is: the object stands before the predicate, the subject first.
  const move = (role: Role, first: boolean): void => {
    const from = ordered.findIndex(
      (phrase) => phrase.role === role && phrase.drafts.at(-1)!.text === phrase.drafts.at(-1)!.stem,
    );
    if (from >= 0) ordered.splice(first ? 0 : ordered.length, 0, ...ordered.splice(from, 1));
  };
  move('subject', true);
  move('object', false);
  // Now and then something is added after the predicate, in speech.
  const late =
    form === 'final' && level !== 'plain' && level !== 'formal' && ordered.length > 1 && chance(0.06)
      ? ordered.splice(Math.floor(random() * ordered.length), 1)
      : [];
  for (const { drafts } of phrases) drafts.at(-1)!.head = verb;
  const drafts = [...ordered.flatMap((phrase) => phrase.drafts), ...tail, ...late.flatMap((phrase) => phrase.drafts)];
  roles.set('verb', verb);
  return { drafts, clauses: [...inner, { verb, frame, form, roles }] };
}

/** A clause before a noun that is its object (누나가 읽은 책) or its subject (책을 읽은 누나); null where no frame takes the noun. */
function relativeClause(random: Random, grammar: Grammar, noun: Draft, person: boolean, outer: Frame): Written | null {
  const asObject = grammar.framesOf.get(noun.stem);
  const role = person && (!asObject || random() < 0.7) ? 'subject' : 'object';
  const frame = role === 'subject' ? pick(random, grammar.personal) : asObject && pick(random, asObject);
  // 분 풍선을 분다 would say the same twice.
  if (!frame || frame === outer) return null;
  return writeClause(random, grammar, { ...relativeOptions(random), frame, gap: { role, noun } });
}

const relativeOptions = (random: Random) =>
  ({
    form: 'relative',
    level: 'plain',
    tense: pick(random, ['past', 'past', 'past', 'present', 'future'] as const),
    question: false,
    nested: true,
  }) as const;

export function drawSubject(random: Random, frame: Frame): string {
  if (frame.agents.length > 0 && random() < 0.5) return pick(random, frame.agents);
  // Honoured people are fewer than others, and are spoken of as often.
  const raised = frame.subjects.filter((noun) => honoured.includes(noun));
  return raised.length > 0 && random() < 0.4 ? pick(random, raised) : pick(random, frame.subjects);
}

export function shuffled<T>(random: Random, list: readonly T[]): T[] {
  const copy = [...list];
  for (let last = copy.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [copy[last], copy[other]] = [copy[other]!, copy[last]!];
  }
  return copy;
}
