/** What a visitor sets for a training of their own. No engine in here: the page reads it before anything is computed. */

/** `small`: the small language of the path; `korean`: the grammar of the model that comes along. */
export const tasks = ['small', 'korean', 'sorting', 'own'] as const;
export type TaskName = (typeof tasks)[number];

/**
 * `masked`: hidden tokens are to be said; `repair`: hidden and replaced ones; `contrastive`: repair, and besides a half of
 * a sentence's words is to find the other half among those of other sentences.
 */
export const objectives = ['masked', 'repair', 'contrastive'] as const;
export type Objective = (typeof objectives)[number];

/** How one's own text becomes tokens. */
export const pieceKinds = ['words', 'characters'] as const;

export interface Settings {
  readonly task: TaskName;
  readonly objective: Objective;
  readonly width: number;
  readonly heads: number;
  readonly layers: number;
  readonly rate: number;
  readonly steps: number;
  readonly batch: number;
  readonly seed: number;
  /** Of one's own text alone; the other tasks bring their tokens along. */
  readonly pieces: (typeof pieceKinds)[number];
}

export const numberFields = ['width', 'heads', 'layers', 'rate', 'steps', 'batch', 'seed'] as const;
export type NumberField = (typeof numberFields)[number];

/** The least and the most of each number, and whether it is whole. */
export const limits: Readonly<Record<NumberField, { least: number; most: number; whole: boolean }>> = {
  width: { least: 4, most: 256, whole: true },
  heads: { least: 1, most: 16, whole: true },
  layers: { least: 1, most: 6, whole: true },
  rate: { least: 1e-6, most: 1000, whole: false },
  steps: { least: 10, most: 20_000, whole: true },
  batch: { least: 2, most: 128, whole: true },
  seed: { least: 0, most: 999_999, whole: true },
};

const usual = { objective: 'repair', batch: 32, seed: 1, pieces: 'words' } as const;
/** Where a task begins: sizes that learn it in a minute or so. */
export const defaults: Readonly<Record<TaskName, Settings>> = {
  small: { ...usual, task: 'small', width: 32, heads: 2, layers: 1, rate: 0.005, steps: 2400 },
  korean: { ...usual, task: 'korean', width: 48, heads: 3, layers: 2, rate: 0.004, steps: 1500 },
  sorting: { ...usual, task: 'sorting', width: 32, heads: 2, layers: 2, rate: 0.004, steps: 2000 },
  own: { ...usual, task: 'own', width: 48, heads: 3, layers: 2, rate: 0.004, steps: 1000 },
};

/** What keeps a training from beginning: a number out of its range, or a width that the heads cannot share. */
export type Problem =
  | { readonly kind: 'range'; readonly field: NumberField }
  | { readonly kind: 'heads'; readonly near: readonly number[] };

export function problemsOf(settings: Settings): Problem[] {
  const problems: Problem[] = numberFields
    .filter((field) => {
      const { least, most, whole } = limits[field];
      const value = settings[field];
      return !(value >= least && value <= most) || (whole && !Number.isInteger(value));
    })
    .map((field) => ({ kind: 'range', field }));
  const { width, heads } = settings;
  if (problems.every(({ kind }) => kind !== 'range') && width % heads !== 0) {
    const { least, most } = limits.width;
    const near = [Math.floor(width / heads) * heads, Math.ceil(width / heads) * heads];
    problems.push({ kind: 'heads', near: near.filter((value) => value >= least && value <= most) });
  }
  return problems;
}

/** A training as a few letters of the address; `readSettings` reads it back. */
export const writeSettings = (s: Settings): string =>
  [s.task, s.objective, s.width, s.heads, s.layers, s.rate, s.steps, s.batch, s.seed, s.pieces].join(',');

/** What cannot be read, or lies outside its range, is the task's own default. */
export function readSettings(text: string | null): Settings {
  const [task, objective, ...rest] = (text ?? '').split(',');
  const base = defaults[tasks.find((name) => name === task) ?? 'small'];
  const numbers = Object.fromEntries(
    numberFields.map((field, i) => {
      const value = Number(rest[i] || Number.NaN);
      const { least, most, whole } = limits[field];
      const fits = value >= least && value <= most && (!whole || Number.isInteger(value));
      return [field, fits ? value : base[field]];
    }),
  ) as Record<NumberField, number>;
  return {
    ...base,
    ...numbers,
    objective: objectives.find((name) => name === objective) ?? base.objective,
    pieces: pieceKinds.find((name) => name === rest[numberFields.length]) ?? base.pieces,
  };
}
