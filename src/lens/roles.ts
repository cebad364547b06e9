/**
 * A name for what each head does, with the number that earned it: chosen on one half of the texts, measured on the
 * other, beside what a head that looks at everything alike has, and corrected for the number of heads looked at.
 */
import type { Model } from '../model/index.ts';
import { SiseonError } from '../platform/index.ts';
import { readInput, recordTrace, type TraceInput } from '../trace/index.ts';
import { inputOf, type MeasuredText } from './ablate.ts';
import { type Circuit, circuits, copies } from './circuits.ts';
import { layerPatterns, type Pattern, type RoleName, roleNames } from './pattern.ts';
import { attentionPlaces } from './places.ts';
import { binomialTail, corrected, mean } from './statistics.ts';

export interface Role {
  readonly name: RoleName | 'copying';
  /** Mean weight on what the name says, over the reported texts; for `copying` the score over the reported half of the vocabulary. */
  readonly value: number;
  /** The same for a head that looks at everything alike; for `copying` the mean over shuffles of the unembedding's rows. */
  readonly baseline: number;
  /** Texts of the reported half in which the question arose. Null for `copying`, which is read from the parameters. */
  readonly texts: number | null;
  /**
   * Chance that a head with no such habit exceeds the baseline in as many texts (sign test), or that a shuffle scores as
   * high (Student's t); times the number of heads looked at.
   */
  readonly probability: number;
}

/** Means over the texts in which the question arose; NaN where it never did. */
export interface HeadFigures extends Circuit {
  readonly measures: Readonly<
    Record<
      'entropy' | 'distance' | RoleName,
      { readonly value: number; readonly uniform: number; readonly texts: number }
    >
  >;
  readonly profile: readonly { readonly offset: number; readonly weight: number }[];
  readonly role: Role | null;
}

export interface HeadsReport {
  readonly model: string;
  /** Different texts; each is measured once. */
  readonly texts: number;
  /** Texts that had come before, left out: they would pass for new evidence, and stand in both halves. */
  readonly repeated: number;
  readonly tokens: number;
  readonly copyingAgainst: 'unembedding' | 'embedding';
  /** A name asks for at least so much of what an even look leaves to gain, (value − baseline) / (1 − baseline), and so small a probability. */
  readonly least: number;
  readonly level: number;
  readonly heads: readonly HeadFigures[];
}

export interface HeadsOptions {
  readonly least?: number;
  readonly level?: number;
  readonly onProgress?: (done: number, of: number) => void;
}

/**
 * Measures and names of all heads over texts, at least four, so that both halves have some. The decoder of an
 * encoder-decoder reads the same text behind its first token, one place late, unless a text says what it reads. Cost: one run and one pass over the weights for each text; only means are kept.
 * Throws `tooFewTexts`, and what recordTrace throws.
 */
export async function headsReport(
  model: Model,
  texts: readonly MeasuredText[],
  { least = 0.4, level = 0.01, onProgress = () => {} }: HeadsOptions = {},
): Promise<HeadsReport> {
  const inputs = different(model, texts);
  if (inputs.length < 4)
    throw new SiseonError({
      code: 'tooFewTexts',
      kind: 'usage',
      what: 'a name is chosen on half of the texts and measured on the other half',
      expected: 'at least 4 different texts',
      got: `${inputs.length}`,
      next: 'Names need about 20 to stand the test.',
    });
  const layers = attentionPlaces(model.architecture);
  const seen: Pattern[][] = [];
  let tokens = 0;
  for (const [n, input] of inputs.entries()) {
    onProgress(n, inputs.length);
    const trace = await recordTrace(model, { ...input, logits: false });
    tokens += trace.ids.length;
    let at = 0;
    for (const layer of layers)
      for (const pattern of await layerPatterns(trace, layer)) {
        seen[at] = [...(seen[at] ?? []), pattern];
        at++;
      }
  }
  onProgress(inputs.length, inputs.length);
  const { heads, copyingAgainst } = await circuits(model, layers);
  return {
    model: model.name,
    texts: inputs.length,
    repeated: texts.length - inputs.length,
    tokens,
    copyingAgainst,
    least,
    level,
    heads: heads.map((circuit, h) => ({
      ...circuit,
      measures: measuresOf(seen[h]!),
      profile: profileOf(seen[h]!),
      role: roleOf(seen[h]!, circuit, heads.length, least, level),
    })),
  };
}

/** Each text once, the first of those that the model reads alike. */
function different(model: Model, texts: readonly MeasuredText[]): TraceInput[] {
  const seen = new Map<string, TraceInput>();
  for (const text of texts) {
    const input = inputOf(model, text);
    const { ids, decoderIds } = readInput(model, input);
    const key = `${ids.join(' ')}|${decoderIds?.join(' ') ?? ''}`;
    if (!seen.has(key)) seen.set(key, input);
  }
  return [...seen.values()];
}

type MeasureName = keyof HeadFigures['measures'];
const measureNames: readonly MeasureName[] = ['entropy', 'distance', ...roleNames];

function measuresOf(patterns: readonly Pattern[]): HeadFigures['measures'] {
  return Object.fromEntries(
    measureNames.map((name) => {
      const counted = patterns.map((pattern) => pattern[name]).filter(({ count }) => count > 0);
      return [
        name,
        {
          value: mean(counted.map(({ value }) => value)),
          uniform: mean(counted.map(({ uniform }) => uniform)),
          texts: counted.length,
        },
      ];
    }),
  ) as HeadFigures['measures'];
}

function profileOf(patterns: readonly Pattern[]): HeadFigures['profile'] {
  return patterns[0]!.profile.map(({ offset }, at) => {
    const counted = patterns.map(({ profile }) => profile[at]!).filter(({ count }) => count > 0);
    return { offset, weight: mean(counted.map(({ weight }) => weight)) };
  });
}

/** What sums of float32 weights differ by: so much above an even look is none. */
const rounding = 1e-6;

/** How much of what an even look leaves to gain a head has gained (Cohen 1960 corrects agreement for chance in this way). */
const gained = (value: number, baseline: number): number => (baseline < 1 ? (value - baseline) / (1 - baseline) : 0);

function roleOf(
  patterns: readonly Pattern[],
  { copyingTest }: Circuit,
  looks: number,
  least: number,
  level: number,
): Role | null {
  const half = (which: number, name: RoleName) =>
    patterns
      .filter((_, n) => n % 2 === which)
      .map((pattern) => pattern[name])
      .filter(({ count }) => count > 0);
  const excess = (name: RoleName): number => {
    const chosen = half(0, name);
    return chosen.length === 0 ? -Infinity : mean(chosen.map(({ value, uniform }) => value - uniform));
  };
  const name = roleNames.reduce((a, b) => (excess(b) > excess(a) ? b : a));
  const reported = half(1, name);
  if (reported.length > 0) {
    const value = mean(reported.map((mass) => mass.value));
    const above = reported.filter((mass) => mass.value > mass.uniform + rounding).length;
    const probability = corrected(binomialTail(above, reported.length, 0.5), looks);
    const baseline = mean(reported.map((mass) => mass.uniform));
    if (gained(value, baseline) >= least && probability <= level)
      return { name, value, baseline, texts: reported.length, probability };
  }
  if (copyingTest === null) return null;
  const { reported: value, baseline } = copyingTest;
  const probability = corrected(copyingTest.probability, looks);
  return value >= copies && probability <= level
    ? { name: 'copying', value, baseline, texts: null, probability }
    : null;
}

/**
 * Sequences in which a stretch of tokens, drawn evenly from the vocabulary, comes twice: induction and duplicate-token
 * heads show there and have nothing else to go by (Olsson et al. 2022). The same seed gives the same ids.
 */
export function repeatedSequences(
  model: Model,
  {
    count = 40,
    length = 24,
    seed = 1,
  }: { readonly count?: number; readonly length?: number; readonly seed?: number } = {},
): Int32Array[] {
  const { vocabularySize, positionCount } = model.architecture;
  const special = (id: number): boolean => /^(\[.*\]|<.*>)$/.test(model.tokenizer?.piece(id) ?? '');
  const ordinary = Array.from({ length: vocabularySize }, (_, id) => id).filter((id) => !special(id));
  const stretch = Math.min(length, Math.floor(positionCount / 2));
  let state = seed >>> 0;
  // A linear congruential generator (Knuth's constants); its high bits choose.
  const draw = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return ordinary[Math.floor((state / 2 ** 32) * ordinary.length)]!;
  };
  return Array.from({ length: count }, () => {
    const once = Array.from({ length: stretch }, draw);
    return Int32Array.from([...once, ...once]);
  });
}
