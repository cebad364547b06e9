/** How the Korean model is trained: sizes, objectives, rate. Chosen on development sentences; the test sentences were not looked at. */
import type { Model, Tokenizer } from 'siseon/model';
import {
  bertConfig,
  bertPlan,
  type MatchSource,
  type Passage,
  type Random,
  type TextSource,
  type TrainingPlan,
} from 'siseon/train';
import { type Grammar, korean } from './grammar/lexicon.ts';
import { type Telling, writeRetellings } from './grammar/retelling.ts';
import { writeTriple, writeTriples } from './grammar/topics.ts';
import { writeTrainingSentence } from './grammar/write.ts';

/** The seed that ships: the first. The others show how much is chance. */
export const shippedSeed = 1;
export const shippedSteps = 5500;
/** Seeds that the card's ranges are taken over. */
export const seeds = [1, 2, 3, 4, 5];

export const sizes = { layers: 2, heads: 3, hidden: 96, inner: 256, positions: 128 };

/** config.json without the fields that are known only after training. */
export const layout = (tokenizer: Tokenizer, of = sizes): Record<string, unknown> =>
  bertConfig(of, tokenizer.vocabularySize);

/** What there is to learn in a model of this architecture. */
export const bertPlanOf = (model: Model): Pick<TrainingPlan, 'architecture' | 'sources'> => ({
  architecture: model.architecture,
  sources: model.family.parameters(model.architecture, new Set()),
});

/** Pieces that go on inside a word come last in the vocabulary. */
function firstInside(tokenizer: Tokenizer): number {
  let id = 5;
  while (!tokenizer.piece(id)!.startsWith('##')) id++;
  return id;
}

/** The plan of one seed. */
export function trainingPlan(
  tokenizer: Tokenizer,
  { seed = shippedSeed, steps = shippedSteps } = {},
  of = sizes,
): TrainingPlan {
  return {
    ...bertPlan(layout(tokenizer, of)),
    seed,
    steps,
    batchSize: 64,
    rate: 0.003,
    warmUp: 200,
    decay: 0.01,
    // The first layer learns late, or verbs find their words in it before any word knows its particle and its clause.
    layerWarmUp: [Math.round(0.72 * steps)],
    // Mostly replaced: a model trained on masked tokens alone parks a visible verb's attention on the separators.
    corruption: {
      chosen: 0.25,
      masked: 0.4,
      replaced: 0.45,
      inside: { firstInside: firstInside(tokenizer), chosen: 0.1 },
    },
    maskId: tokenizer.tokenId('[MASK]')!,
    firstToken: 5,
    matching: 1,
  };
}

/** A text's token ids and the position of each word's first token. */
interface Read {
  readonly ids: number[];
  readonly starts: number[];
}

/** Reads texts. Words come back again and again, and white space parts their tokens, so each is read once. */
function reader(tokenizer: Tokenizer): (text: string) => Read {
  const known = new Map<string, readonly number[]>();
  const [first = 0, last = 0] = [tokenizer.tokenId('[CLS]'), tokenizer.tokenId('[SEP]')];
  return (text) => {
    const ids = [first];
    const starts: number[] = [];
    for (const word of text.split(' ')) {
      let own = known.get(word);
      if (!own) {
        own = [...tokenizer.encode(word).ids.subarray(1, -1)];
        known.set(word, own);
      }
      starts.push(ids.length);
      ids.push(...own);
    }
    return { ids: [...ids, last], starts };
  };
}

/** Token ids of what is repaired, without end: sentences of the training part, and now and then a text of the library. */
export const trainingTexts =
  (tokenizer: Tokenizer, grammar: Grammar = korean, read = reader(tokenizer)): TextSource =>
  (random) =>
    read(random() < 0.06 ? libraryText(random) : writeTrainingSentence(random, grammar).text).ids;

function libraryText(random: Random): string {
  const { question, tag, content } = writeTriple(random);
  return [question, tag, content][Math.floor(random() * 3)]!;
}

/** Part of the first tellings whose verb is masked: then what it was can be told from its words alone. */
const maskedTellings = 0.2;

/**
 * What belongs together: in some steps questions with their tags or contents; in the others events told twice, read at
 * the verb's stem. Four events of one verb differ in who and in what alone, so that a verb has to know both.
 */
export const trainingMatches =
  (
    tokenizer: Tokenizer,
    grammar: Grammar = korean,
    read = reader(tokenizer),
    mask = tokenizer.tokenId('[MASK]')!,
  ): MatchSource =>
  (random) => {
    if (random() < 0.3) {
      const toTag = random() < 0.6;
      return writeTriples(random, 32).map(({ question, tag, content }) => ({
        query: { ids: read(question).ids },
        key: { ids: read(toTag ? tag : content).ids },
      }));
    }
    const passage = ({ sentence, verb }: Telling, hidden: boolean): Passage => {
      const { ids, starts } = read(sentence.text);
      const at = starts[verb]!;
      return { ids: hidden ? ids.with(at, mask) : ids, at: [at] };
    };
    return writeRetellings(random, grammar, 24).map(({ told, retold }) => ({
      query: passage(told, random() < maskedTellings),
      key: passage(retold, false),
    }));
  };
