/** Every figure of one model: heads chosen on development sentences, figures taken on test sentences. */
import type { Model } from 'siseon/model';
import type { Role } from '../grammar/sentence.ts';
import type { Split } from '../grammar/write.ts';
import { firstWord, type HeadFigures, headFigures, type Probe, type RoleName, verbLooks } from '../heads.ts';
import { type LibraryFigures, libraryFigures } from './library.ts';
import { probesOfSet, rules, type SetName, setNames } from './sets.ts';
import { alignment, cause, contributionFirst, type HeadPlace, nearestInSentence, nearestOfAll } from './values.ts';

export type Roles = Readonly<Record<RoleName, HeadPlace & { readonly development: number }>>;

/** Which role a set asks for. */
export const roleOfSet = (name: SetName): RoleName => (name === 'subject' ? 'subject' : 'object');

export interface Choice {
  readonly roles: Roles;
  readonly defaultView: HeadPlace;
  /** How well the model serves, on development sentences: seeds and recipes are chosen by it. */
  readonly figures: readonly HeadFigures[];
}

/** Chooses the head of each role, and the view shown by default, on development sentences. */
export async function chooseHeads(model: Model): Promise<Choice> {
  const figures = await headFigures(model, probesOfSet('object', 600, 'development'));
  const ofSubjects = await headFigures(model, probesOfSet('subject', 600, 'development'));
  const best = (list: readonly HeadFigures[], score: (figure: HeadFigures) => number): HeadFigures =>
    list.reduce((a, b) => (score(b) > score(a) ? b : a));
  const role = (name: RoleName): Roles[RoleName] => {
    const { layer, head, roles } = best(
      name === 'subject' ? ofSubjects : figures,
      (figure) => figure.roles[name].first,
    );
    return { layer, head, development: Number(roles[name].first.toFixed(4)) };
  };
  // Among heads that find the object, the one whose weights most often stand in the order object > subject > manner.
  const view = best(figures, ({ roles, inOrder }) => Math.min(roles.object.first, 0.95) * 4 + inOrder);
  return {
    roles: { object: role('object'), subject: role('subject'), manner: role('manner') },
    defaultView: { layer: view.layer, head: view.head },
    figures,
  };
}

/** One number of the card with its sample size. */
export interface Figure {
  readonly value: number;
  readonly count: number;
}

export interface Figures {
  readonly first: Readonly<Record<SetName, Figure>>;
  /** Mean weight of the role's head on the right word. */
  readonly weight: Readonly<Record<RoleName, Figure>>;
  readonly manner: Figure;
  /** Where the object head looks first when there is no object, and its mean weight there. */
  readonly withoutObject: Readonly<Record<string, { readonly part: number; readonly weight: number }>>;
  readonly contribution: Figure;
  /** Among the nouns of the sentence, and among all of the grammar. */
  readonly nearestNoun: Figure;
  readonly nearestOfAll: Figure;
  readonly cause: Figure & { readonly byOtherHeads: number; readonly really: number };
  readonly alignment: Figure;
  readonly library: LibraryFigures;
}

const sizes: Readonly<Record<SetName, number>> = {
  object: 1000,
  subject: 1000,
  unseenNouns: 1000,
  unseenPairs: 1000,
  contrast: 400,
  unmarked: 400,
  withoutObject: 400,
  cause: 400,
};

/** Test probes are read once; the same for every model that is measured. */
export const testProbes = (split: Exclude<Split, 'train'> = 'test'): Readonly<Record<SetName, Probe[]>> =>
  Object.fromEntries(setNames.map((name) => [name, probesOfSet(name, sizes[name], split)])) as Record<SetName, Probe[]>;

const at = (figures: readonly HeadFigures[], { layer, head }: HeadPlace): HeadFigures =>
  figures.find((figure) => figure.layer === layer && figure.head === head)!;

/** How many probes look first at the role's word, for each set. */
export async function firstFigures(
  model: Model,
  roles: Roles,
  probes: Readonly<Record<SetName, readonly Probe[]>>,
): Promise<{ first: Figures['first']; bySet: Readonly<Record<SetName, readonly HeadFigures[]>> }> {
  const first = {} as Record<SetName, Figure>;
  const bySet = {} as Record<SetName, readonly HeadFigures[]>;
  for (const name of setNames) {
    bySet[name] = await headFigures(model, probes[name]);
    const role = roleOfSet(name);
    const { first: value, count } = at(bySet[name], roles[role]).roles[role];
    first[name] = { value, count: name === 'withoutObject' ? probes[name].length : count };
  }
  return { first, bySet };
}

export async function allFigures(
  model: Model,
  roles: Roles,
  probes: Readonly<Record<SetName, readonly Probe[]>>,
  nearestCount = 30,
): Promise<Figures> {
  const { first, bySet } = await firstFigures(model, roles, probes);
  const weightOf = (role: RoleName): Figure => {
    const { weight, count } = at(bySet[role === 'subject' ? 'subject' : 'object'], roles[role]).roles[role];
    return { value: weight, count };
  };
  const manner = at(bySet.object, roles.manner).roles.manner;
  const moved = await cause(model, roles.object, probes.cause);
  return {
    first,
    weight: { object: weightOf('object'), subject: weightOf('subject'), manner: weightOf('manner') },
    manner: { value: manner.first, count: manner.count },
    withoutObject: await whereWithoutObject(model, roles.object, probes.withoutObject),
    contribution: { value: await contributionFirst(model, roles.object, probes.object), count: probes.object.length },
    nearestNoun: {
      value: await nearestInSentence(model, roles.object, probes.object),
      count: probes.object.length,
    },
    nearestOfAll: {
      value: await nearestOfAll(model, roles.object, probes.object.slice(0, nearestCount)),
      count: nearestCount,
    },
    cause: { value: moved.moved, ...moved },
    alignment: { value: await alignment(model, roles.object, probes.object), count: probes.object.length },
    library: await libraryFigures(model, 73),
  };
}

/** Of verbs without an object: which role the object head looks at first, with its mean weight; separators and the verb itself beside. */
async function whereWithoutObject(
  model: Model,
  { layer, head }: HeadPlace,
  probes: readonly Probe[],
): Promise<Figures['withoutObject']> {
  const parts: Record<string, { part: number; weight: number }> = {};
  const add = (name: string, part: number, weight: number): void => {
    const so = parts[name] ?? { part: 0, weight: 0 };
    parts[name] = { part: so.part + part / probes.length, weight: so.weight + weight / probes.length };
  };
  for (const probe of probes) {
    const look = (await verbLooks(model, probe)).find((one) => one.layer === layer && one.head === head)!;
    const best = firstWord(look, probe.clause.verb);
    const own = new Map(Object.entries(probe.clause.roles).map(([role, index]) => [index, role as Role]));
    for (const [index, weight] of look.words.entries())
      if (index !== probe.clause.verb) add(own.get(index) ?? 'other words', Number(index === best), weight);
    add('the verb itself', 0, look.words[probe.clause.verb]!);
    add('separators', 0, look.special);
  }
  return parts;
}

/** What the simple rules reach on each set. */
export function ruleFigures(
  probes: Readonly<Record<SetName, readonly Probe[]>>,
): Record<string, Record<SetName, number>> {
  return Object.fromEntries(
    Object.entries(rules).map(([rule, points]) => [
      rule,
      Object.fromEntries(
        setNames.map((name) => {
          const list = probes[name].filter(({ clause }) => clause.roles[roleOfSet(name)] !== undefined);
          const sum = list.reduce((total, probe) => total + points(probe, probe.clause.roles[roleOfSet(name)]!), 0);
          return [name, list.length === 0 ? 0 : sum / list.length];
        }),
      ) as Record<SetName, number>,
    ]),
  );
}
