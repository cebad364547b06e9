import { headRows, layerNorms, overview } from 'siseon/lens';
import { families, Model, Tokenizer } from 'siseon/model';
import { recordTrace } from 'siseon/trace';
import { bertConfig, bertPlan, initialParameters, seededRandom } from 'siseon/train';
import { describe, expect, it } from 'vitest';
import { tokenizer } from '../training/course.ts';
import { writeSentence } from '../training/sentences.ts';
import { Lenses } from './lenses.ts';
import { entriesOf, glanceOf, squareOf, type View } from './squares.ts';

/** Notes which queries were computed. */
class Noted extends Lenses {
  readonly asked: number[] = [];
  override layer(...question: Parameters<Lenses['layer']>) {
    this.asked.push(...question[2]);
    return super.layer(...question);
  }
}

/** A model with parameters drawn from a seed, and a text of so many tokens that a square of it is sent in parts. */
const random = seededRandom(5);
const sizes = { layers: 2, heads: 3, hidden: 12, inner: 20, positions: 700 };
const plan = bertPlan(bertConfig(sizes, tokenizer.vocabularySize));
const model = await Model.create({
  name: 'drawn',
  family: families.get('bert')!,
  architecture: plan.architecture,
  tokenizer,
  metadata: {},
  parameters: initialParameters(plan.sources, random),
});
const trace = await recordTrace(model, {
  text: Array.from({ length: 90 }, () => writeSentence(random)).join(' '),
});
const count = trace.ids.length;
const place = { layer: 1, head: 2 };
const view: View = { unit: 'token', lens: 'weight', bare: false, token: 0 };
const [first, last] = [130, 187];
const part = { first, last };

describe('the square of a long text', () => {
  it('computes the rows that are asked for and no others; each is the library’s: 1e-6', async () => {
    expect(count).toBeGreaterThan(400);
    const lenses = new Noted(trace, model);
    const square = await squareOf(lenses, place, view, part);
    expect(lenses.asked).toEqual(Array.from({ length: last - first }, (_, i) => first + i));
    expect([square.rows.length, square.first, square.numbers.length]).toEqual([count, first, (last - first) * count]);
    const rows = await headRows(trace, place.layer, place.head);
    for (let i = first; i < last; i++)
      for (const [j, weight] of Array.from(rows.weights(i)).entries())
        expect(Math.abs(square.numbers[(i - first) * count + j]! - weight)).toBeLessThanOrEqual(1e-6);
  });
  it('ends where the text ends, and a short one comes whole', async () => {
    const end = await squareOf(new Lenses(trace, model), place, view, { first: count - 3, last: count + 61 });
    expect(end.numbers.length).toBe(3 * count);
    const short = await recordTrace(model, { text: '철수가 사과를 맛있게 먹었다' });
    const whole = await squareOf(new Lenses(short, model), place, view, { first: 2, last: 3 });
    expect([whole.first, whole.numbers.length]).toEqual([0, short.ids.length ** 2]);
  });
  it('of a measure whose colours depend on every row is computed once, however many parts are asked for: 1e-5', async () => {
    const lenses = new Noted(trace, model);
    const seen: View = { ...view, lens: 'contribution' };
    const square = await squareOf(lenses, place, seen, part);
    const other = await squareOf(lenses, place, seen, { first: 0, last: 64 });
    expect(lenses.asked).toHaveLength(count);
    expect(other.range).toBe(square.range);
    const norms = await layerNorms(trace, model, place.layer);
    for (const i of [first, last - 1])
      for (const [j, length] of (await norms.row(i)).head(place.head).entries())
        expect(Math.abs(square.numbers[(i - first) * count + j]! - length)).toBeLessThanOrEqual(1e-5);
  });
});

describe('lengths into a word', () => {
  it('are of its tokens’ vectors added, one head or all at a glance, as in the report: 1e-5', async () => {
    const short = await recordTrace(model, { text: '철수가 사과를 맛있게 먹었다' });
    const lenses = new Lenses(short, model);
    const entries = entriesOf(short.encoding!, { unit: 'word', bare: false });
    const norms = await layerNorms(short, model, place.layer);
    const words = await Promise.all(
      entries.map(async ({ tokens: [query] }) => {
        const row = await norms.row(query!);
        return entries.map(({ tokens }) => row.word(tokens));
      }),
    );
    const numbers = {
      contribution: words.flatMap((row) => row.map(({ heads }) => heads[place.head]!)),
      together: words.flatMap((row) => row.map(({ contribution }) => contribution)),
      residual: words.flatMap((row) => row.map(({ withResidual }) => withResidual!)),
    };
    for (const [lens, expected] of Object.entries(numbers) as [keyof typeof numbers, number[]][]) {
      const seen: View = { ...view, unit: 'word', lens };
      const square = await squareOf(lenses, place, seen, null);
      const glance = await glanceOf(lenses, place.layer, seen);
      const own = glance.numbers.subarray(lens === 'contribution' ? place.head * expected.length : 0);
      for (const [n, number] of expected.entries())
        for (const shown of [square.numbers[n]!, own[n]!]) expect(Math.abs(shown - number)).toBeLessThanOrEqual(1e-5);
    }
    const { headCount } = model.architecture;
    const { contributions } = (await overview(short, model)).parts[0]!;
    const from = (place.layer * headCount + place.head) * numbers.contribution.length;
    for (const [n, number] of numbers.contribution.entries())
      expect(Math.abs(contributions[from + n]! - number)).toBeLessThanOrEqual(1e-5);
  });
});

/** Puts no token of its own before or after a text. */
const unseparated = Tokenizer.fromJson({
  version: '1.0',
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: { type: 'Whitespace' },
  post_processor: null,
  decoder: null,
  model: { type: 'WordLevel', vocab: { '[UNK]': 0, a: 1, b: 2 }, unk_token: '[UNK]' },
});

describe('what collects attention', () => {
  const kinds = (text: string, bare: boolean): (readonly [string, string | null])[] =>
    entriesOf(unseparated.encode(text), { unit: 'token', bare }).map(({ text: own, sink }) => [own, sink]);
  it('is the first token where nothing separates, and stays until it is asked to go', () => {
    expect(kinds('a b a', false)).toEqual([
      ['a', 'first'],
      ['b', null],
      ['a', null],
    ]);
    expect(kinds('a b a', true).map(([text]) => text)).toEqual(['b', 'a']);
    // A text that is nothing else is shown whole.
    expect(kinds('a', true)).toEqual([['a', 'first']]);
  });
  it('is every separator where there are some; what a row gives to what is left out is told: 1e-6', async () => {
    const short = await recordTrace(model, { text: '철수가 사과를 먹었다' });
    const entries = (bare: boolean) => entriesOf(short.encoding!, { unit: 'word', bare });
    expect(entries(false).map(({ sink }) => sink)).toEqual(['special', null, null, null, 'special']);
    expect(entries(true).map(({ text }) => text)).toEqual(['철수가', '사과를', '먹었다']);
    const { elsewhere } = await squareOf(
      new Lenses(short, model),
      place,
      { ...view, unit: 'word', bare: true },
      { first: 1, last: 2 },
    );
    const rows = await headRows(short, place.layer, place.head);
    const given = entries(true).map(({ tokens: [query] }) => {
      const row = Array.from(rows.weights(query!));
      return row[0]! + row.at(-1)!;
    });
    const mean = given.reduce((sum, weight) => sum + weight, 0) / given.length;
    expect(Math.abs(elsewhere! - mean)).toBeLessThanOrEqual(1e-6);
  });
});
