/** The words of the grammar together, and what fits with what. */
import type { Random } from 'siseon/train';
import { times } from './adverbs.ts';
import type { Conjugation } from './inflection.ts';
import { animals, honoured, people, places } from './nouns.ts';
import { adjectives, eat, type Frame, sleep, stay, verbs } from './predicates.ts';

/** What sentences are written from. */
export interface Grammar {
  /** Frames, each as often as its weight asks. */
  readonly verbs: readonly Frame[];
  readonly adjectives: readonly Frame[];
  /** Transitive frames that take the noun. */
  readonly framesOf: ReadonlyMap<string, readonly Frame[]>;
  readonly adjectivesOf: ReadonlyMap<string, readonly Frame[]>;
  /** Frames whose subject may be any person. */
  readonly personal: readonly Frame[];
  /** Part of the objects that no one knows, and where they come from (syllables drawn, unless given). */
  readonly inventedObjects: number;
  readonly newObject?: (random: Random, frame: Frame) => string | null;
  /** Words drawn without regard to each other: who does what to what is chance. */
  readonly independent: boolean;
}

const unique = (words: readonly string[]): string[] => [...new Set(words)];
const repeated = (frames: readonly Frame[]): Frame[] =>
  frames.flatMap((frame) => Array<Frame>(Math.max(1, Math.round(frame.weight * 3))).fill(frame));

function index(frames: readonly Frame[], nouns: (frame: Frame) => readonly string[]): Map<string, Frame[]> {
  const found = new Map<string, Frame[]>();
  for (const frame of frames)
    for (const noun of nouns(frame)) {
      const list = found.get(noun) ?? [];
      list.push(frame);
      found.set(noun, list);
    }
  return found;
}

function grammarOf(of: readonly Frame[], adjectival: readonly Frame[], more: Partial<Grammar> = {}): Grammar {
  return {
    verbs: repeated(of),
    adjectives: repeated(adjectival),
    framesOf: index(
      of.filter(({ kind }) => kind === 'transitive'),
      ({ objects }) => objects,
    ),
    adjectivesOf: index(adjectival, ({ before }) => before),
    personal: of.filter(({ subjects }) => subjects.includes('철수')),
    inventedObjects: 0.05,
    independent: false,
    ...more,
  };
}

export const korean: Grammar = grammarOf(verbs, adjectives);

/** The same constructions and case marks, but every noun, manner and place drawn from all of them, -시- by chance. */
export const independentWords: Grammar = (() => {
  const all = (of: (frame: Frame) => readonly string[]): string[] => unique(verbs.flatMap(of));
  const pools = {
    subjects: all(({ subjects }) => subjects),
    objects: all(({ objects }) => objects),
    manners: all((frame) => frame.manners),
    places: all((frame) => frame.places),
    instruments: all((frame) => frame.instruments),
  };
  const loose = verbs.map((frame) => ({
    ...frame,
    agents: [],
    subjects: pools.subjects,
    objects: frame.objects.length > 0 ? pools.objects : [],
    manners: pools.manners,
    places: pools.places,
    instruments: pools.instruments,
  }));
  return grammarOf(loose, adjectives, { independent: true });
})();

/** The same grammar with objects of which some or all come from elsewhere. */
export const withNewObjects = (newObject: NonNullable<Grammar['newObject']>): Grammar => ({
  ...korean,
  inventedObjects: 1,
  newObject,
});

/** Every noun once. */
export const nouns: readonly string[] = unique([
  ...people,
  ...honoured,
  ...animals,
  ...[...verbs, ...adjectives].flatMap((frame) => [
    ...frame.subjects,
    ...frame.agents,
    ...frame.objects,
    ...frame.places,
    ...frame.instruments,
  ]),
  ...places,
]).filter((noun) => noun !== '');
export const manners: readonly string[] = unique([...verbs, ...adjectives].flatMap((frame) => frame.manners));
export const timeWords: readonly string[] = unique(times.map(({ stem }) => stem));
/** Every conjugation once. */
export const conjugations: readonly Conjugation[] = [
  ...[...verbs, ...adjectives].map(({ predicate }) => predicate),
  eat,
  sleep,
  stay,
  ...verbs.flatMap(({ upwards }) => upwards ?? []),
  { stem: '않' },
];
