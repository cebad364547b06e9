/** Edits held against the model and the texts that they are for, before anything runs. */
import {
  type AblateEdit,
  type AttentionPlace,
  attentionPlace,
  type Edit,
  editKinds,
  headedStages,
  isCrossed,
  type LayerPlace,
  outsideLayers,
  type PatchEdit,
  putsOf,
  type ScaleEdit,
  type SetEdit,
  type SquareEdit,
  type StageName,
  squareStages,
  vectorStages,
} from '../attention/index.ts';
import { SiseonError } from '../platform/index.ts';
import type { Architecture } from './architecture.ts';
import { keysAt, positionsAt, type RunLengths, rowsAt, stackAt, widthOf } from './edits.ts';

const badEdit = (what: string, expected: string, edit: unknown): SiseonError =>
  new SiseonError({ code: 'badEdit', kind: 'usage', what, expected, got: printed(edit), details: { edit } });

/**
 * Throws `badEdit`, saying what fits, where an edit names a kind, field, stage, layer, head or position that is not there,
 * carries a vector of another width or a number that is not finite, or sets weights of a row to more than 1 together.
 */
export function checkEdits(edits: readonly Edit[], a: Architecture, lengths: RunLengths): void {
  if (!Array.isArray(edits as unknown)) throw badEdit('edits', 'a list of them', edits);
  for (const edit of edits) {
    if (typeof (edit as unknown) !== 'object' || (edit as unknown) === null)
      throw badEdit('an edit', 'an object with a kind', edit);
    if (!editKinds.includes(edit.kind))
      throw badEdit('an edit of a kind that is none', `one of ${editKinds.join(', ')}`, edit);
    const unknown = Object.entries(edit).find(
      ([field, value]) => value !== undefined && !Object.hasOwn(fields[edit.kind], field),
    );
    if (unknown)
      throw badEdit(
        `an edit (${edit.kind}) with a field "${unknown[0]}"`,
        `no field but ${Object.keys(fields[edit.kind]).join(', ')}`,
        edit,
      );
    const problem = problemOf(edit, a, lengths);
    if (problem !== null) throw badEdit(`an edit of ${named(edit) || 'all layers'} (${edit.kind})`, problem, edit);
  }
  const sums = new Map<string, number>();
  for (const edit of edits) {
    if (edit.kind !== 'weight' || edit.renormalize === false || !('to' in edit)) continue;
    const row = `${edit.layer} ${edit.head} ${edit.query}`;
    sums.set(row, (sums.get(row) ?? 0) + edit.to);
    if (sums.get(row)! > 1 + 1e-9)
      throw new SiseonError({
        code: 'badEdit',
        kind: 'usage',
        what: `the weights set in layer ${edit.layer}, head ${edit.head}, query ${edit.query}`,
        expected: 'at most 1 together, since a row sums to 1',
        got: `${sums.get(row)}`,
        next: 'Set less, or say renormalize: false.',
      });
  }
}

/** Every field that an edit of a kind may have. */
const fields: Readonly<Record<Edit['kind'], Readonly<Record<string, true>>>> = (() => {
  const of = (...names: string[]): Readonly<Record<string, true>> =>
    Object.fromEntries(['kind', 'layer', 'head', ...names].map((name) => [name, true as const]));
  return {
    set: of('stage', 'position', 'vector', 'positions', 'vectors'),
    scale: of('stage', 'position', 'factor'),
    patch: of('stage', 'positions', 'vectors', 'from'),
    ablate: of('by', 'vector', 'vectors'),
    weight: of('query', 'key', 'to', 'times', 'renormalize'),
    temperature: of('value'),
    block: of('pairs'),
    drop: of('position'),
  };
})();

/** What an edit is of, for the message of an error; nothing where it is of all layers. */
function named(edit: Edit): string {
  const where = edit.layer === undefined ? '' : attentionPlace(edit.layer);
  return 'stage' in edit ? [where, edit.stage].filter(Boolean).join('.') : where;
}

/** An edit as one line: of a long list of numbers its first ones, and numbers that JSON has no word for by their names. */
function printed(edit: unknown): string {
  const line = JSON.stringify(edit, (_, value: unknown) => {
    if (typeof value === 'number' && !Number.isFinite(value)) return `${value}`;
    return Array.isArray(value) && value.length > 8 ? [...value.slice(0, 4), `… ${value.length} in all`] : value;
  });
  return (line ?? String(edit)).slice(0, 200);
}

const below = (count: number): string => (count === 1 ? '0' : `0 to ${count - 1}`);
const inside = (index: unknown, count: number): boolean =>
  Number.isInteger(index) && (index as number) >= 0 && (index as number) < count;
const unlessInside = (name: string, index: unknown, count: number): string | null =>
  inside(index, count) ? null : `${name} ${below(count)}`;
const first = (problems: readonly (string | null)[]): string | null => problems.find((one) => one !== null) ?? null;
/** Runs compute in single precision: what is infinite there is no number. */
const isNumber = (x: unknown): boolean => typeof x === 'number' && Number.isFinite(Math.fround(x));
const vectorProblem = (vector: unknown, width: number): string | null =>
  Array.isArray(vector) && vector.length === width && vector.every(isNumber)
    ? null
    : `${width} finite numbers (in single precision)`;
/** A row of masked scores says by −∞ what the query does not see. */
const maskedProblem = (vector: unknown, width: number): string | null =>
  Array.isArray(vector) && vector.length === width && vector.every((x) => isNumber(x) || x === -Infinity)
    ? null
    : `${width} numbers, each finite or −∞`;

/** Where a model has attention: layers of its only stack, or of its encoder and decoder, and the decoder's cross-attention. */
function layerProblem(layer: LayerPlace | undefined, a: Architecture): string | null {
  if (!a.encoder) return unlessInside('layer', typeof layer === 'string' ? Number.NaN : layer, a.layerCount);
  const [, stack, n] = /^(encoder|decoder)\.layers\.(\d+)(?:\.cross)?$/.exec(`${layer}`) ?? [];
  const there = stack && inside(Number(n), stack === 'encoder' ? a.encoder.layerCount : a.layerCount);
  const count = (layers: number): string => (layers === 1 ? '0' : `N, N ${below(layers)}`);
  return there && !/^encoder.*cross$/.test(`${layer}`)
    ? null
    : `layer "encoder.layers.${count(a.encoder.layerCount)}", "decoder.layers.${count(a.layerCount)}" or its ".cross"`;
}

/** What would fit, or null where the edit does. */
function problemOf(edit: Edit, a: Architecture, lengths: RunLengths): string | null {
  if (edit.kind === 'ablate') return ablationProblem(edit, a, lengths);
  if ('stage' in edit || ['set', 'scale', 'patch'].includes(edit.kind))
    return vectorEditProblem(edit as SetEdit | ScaleEdit | PatchEdit, a, lengths);
  return squareProblem(edit as Named, a, lengths);
}

function ablationProblem(edit: AblateEdit, a: Architecture, lengths: RunLengths): string | null {
  const where = layerProblem(edit.layer, a);
  if (where) return where;
  const place = attentionPlace(edit.layer);
  const { headCount, headSize } = stackAt(place, a);
  const head = unlessInside('head', edit.head, headCount);
  if (head) return head;
  if (edit.by === 'zero') return 'vector' in edit || 'vectors' in edit ? 'no vector by zero' : null;
  if (!['mean', 'resample'].includes(edit.by)) return 'by: "zero", "mean" or "resample"';
  if (edit.by === 'mean') return vectorProblem(edit.vector, headSize);
  const length = positionsAt(place, lengths);
  if (!Array.isArray(edit.vectors) || edit.vectors.length !== length) return `${length} vectors, one a position`;
  return first(edit.vectors.map((vector) => vectorProblem(vector, headSize)));
}

/** Stages of this model that can be changed. */
const stagesOf = (a: Architecture): readonly string[] =>
  vectorStages.filter((stage) => {
    if (stage === 'logits') return a.head !== null;
    if (stage === 'classes') return a.classifier !== null;
    return !outsideLayers(stage) || stage.includes('.') === (a.encoder !== null);
  });

function vectorEditProblem(edit: SetEdit | ScaleEdit | PatchEdit, a: Architecture, lengths: RunLengths): string | null {
  const { stage } = edit;
  if (!stagesOf(a).includes(stage)) return `a stage among ${stagesOf(a).join(', ')}`;
  if (outsideLayers(stage)) {
    if (edit.layer !== undefined) return `no layer: ${stage} stands outside of all`;
  } else {
    const where = layerProblem(edit.layer, a);
    if (where) return where;
  }
  const place = edit.layer === undefined ? null : attentionPlace(edit.layer);
  if (place && isCrossed(place) && ['input', 'feedForward', 'output'].includes(stage))
    return `a stage of cross-attention: ${[...headedStages, 'attentionOutput'].join(', ')}`;
  const name = (place ? `${place}.${stage}` : stage) as StageName;
  const { headCount, keyValueHeadCount } = stackAt(name, a);
  const headed = headedStages.includes(stage);
  const heads = stage === 'key' || stage === 'value' ? keyValueHeadCount : headCount;
  if (!headed && edit.head !== undefined) return `no head: ${stage} has none`;
  if (headed && !inside(edit.head, heads)) return `head ${below(heads)}`;
  const isSquareStage = (squareStages as readonly string[]).includes(stage);
  const position = (index: unknown): string | null => unlessInside('position', index, rowsAt(name, a, lengths));
  if (edit.kind === 'scale') {
    if (stage === 'weights') return 'stage mixed: a row of weights times a factor is its mixture times that';
    if (!isNumber(edit.factor)) return 'a finite factor (in single precision)';
    if (stage === 'maskedScores' && edit.factor <= 0) return 'a factor above 0: what is hidden stays hidden';
    return edit.position === undefined ? null : position(edit.position);
  }
  const width = isSquareStage ? keysAt(place!, lengths) : widthOf(stage, name, a);
  const problem = stage === 'maskedScores' ? maskedProblem : vectorProblem;
  if (edit.kind === 'patch' || 'vectors' in edit) {
    if (!Array.isArray(edit.positions) || !Array.isArray(edit.vectors) || edit.positions.length !== edit.vectors.length)
      return 'positions, and a vector for each';
    if (new Set(edit.positions).size < edit.positions.length) return 'every position once';
    if ('vector' in edit) return 'a vector with a position, or vectors with positions, and not both';
    if (edit.kind === 'patch' && !isSource(edit.from))
      return 'from: {model, text, positions}, where the vectors were taken';
  } else if ('positions' in edit) return 'vectors with positions, or a vector with a position';
  return first(putsOf(edit).flatMap((put) => [position(put.position), problem(put.vector, width)]));
}

const isSource = (from: unknown): boolean => {
  const { model, text, positions } = (from ?? {}) as Partial<PatchEdit['from']>;
  return typeof model === 'string' && typeof text === 'string' && Array.isArray(positions);
};

/** Square edits with names of their own. */
type Named = Exclude<SquareEdit, { readonly stage: unknown }>;

function squareProblem(edit: Named, a: Architecture, lengths: RunLengths): string | null {
  const everywhere = edit.layer === undefined && (edit.kind === 'drop' || (edit.kind === 'block' && !a.encoder));
  const where = everywhere ? null : layerProblem(edit.layer, a);
  if (where) return where;
  const place: AttentionPlace =
    edit.layer === undefined ? (a.encoder ? 'encoder.layers.0' : 'layers.0') : attentionPlace(edit.layer);
  const queryAt = (index: unknown): string | null => unlessInside('position', index, positionsAt(place, lengths));
  const keyAt = (index: unknown): string | null => unlessInside('position', index, keysAt(place, lengths));
  if (edit.head !== undefined || edit.kind === 'weight') {
    const head = unlessInside('head', edit.head, stackAt(place, a).headCount);
    if (head) return head;
  }
  if (edit.kind === 'temperature')
    return Number.isFinite(edit.value) && edit.value > 0 ? null : 'a temperature above 0';
  if (edit.kind === 'drop') return keyAt(edit.position);
  if (
    edit.kind === 'block' &&
    !(Array.isArray(edit.pairs) && edit.pairs.every((pair) => Array.isArray(pair) && pair.length === 2))
  )
    return 'pairs: [[query, key], …]';
  if (edit.kind === 'block') return first(edit.pairs.flatMap(([query, key]) => [queryAt(query), keyAt(key)]));
  if ('to' in edit === 'times' in edit) return 'either to or times';
  const number = 'to' in edit ? edit.to : edit.times;
  if (!['undefined', 'boolean'].includes(typeof edit.renormalize)) return 'renormalize: true or false';
  const free = edit.renormalize === false;
  if (!isNumber(number) || (!free && (number < 0 || ('to' in edit && number > 1))))
    return free ? 'a finite number' : 'to: a weight from 0 to 1, or times: a factor of 0 or more';
  return queryAt(edit.query) ?? keyAt(edit.key);
}
