/** Stages of a text that was read in several runs: each run's rows, put together when a stage is looked at. */
import type { StageName } from '../attention/index.ts';
import type { Stage } from './stage.ts';

/** The axis along which a stage's positions lie: behind the heads where there are heads. */
const positionAxis = ({ shape }: Stage): number => (shape.length === 3 ? 1 : 0);

/** Positions [from, to) of a stage [head, position, size] or [position, width]. */
function cut(stage: Stage, from: number, to: number): Stage {
  const axis = positionAxis(stage);
  const length = stage.shape[axis]!;
  if (from === 0 && to === length) return stage;
  const outer = axis === 1 ? stage.shape[0]! : 1;
  const width = stage.data.length / outer / length;
  const data = new Float32Array(outer * (to - from) * width);
  for (let h = 0; h < outer; h++)
    data.set(stage.data.subarray((h * length + from) * width, (h * length + to) * width), h * (to - from) * width);
  return { shape: stage.shape.map((size, n) => (n === axis ? to - from : size)), data };
}

function join(parts: readonly Stage[]): Stage {
  const [first] = parts as [Stage];
  if (parts.length === 1) return first;
  const axis = positionAxis(first);
  const outer = axis === 1 ? first.shape[0]! : 1;
  const lengths = parts.map(({ shape }) => shape[axis]!);
  const total = lengths.reduce((a, b) => a + b, 0);
  const width = first.data.length / outer / lengths[0]!;
  const data = new Float32Array(outer * total * width);
  for (let h = 0, to = 0; h < outer; h++)
    for (const [n, { data: part }] of parts.entries()) {
      const size = lengths[n]! * width;
      data.set(part.subarray(h * size, (h + 1) * size), to);
      to += size;
    }
  return { shape: first.shape.map((size, n) => (n === axis ? total : size)), data };
}

/** Stages by name, of which some grow with the text. Never changed: `extended` makes another. */
export class JoinedStages implements ReadonlyMap<StageName, Stage> {
  readonly #parts: ReadonlyMap<StageName, readonly Stage[]>;
  readonly #whole = new Map<StageName, Stage>();

  constructor(parts: ReadonlyMap<StageName, readonly Stage[]> = new Map()) {
    this.#parts = parts;
  }

  /** The first `kept` positions of every growing stage, then those of a new run; stages that do not grow are replaced. */
  extended(kept: number, added: ReadonlyMap<StageName, Stage>, grows: (name: StageName) => boolean): JoinedStages {
    const parts = new Map<StageName, readonly Stage[]>();
    for (const name of new Set([...this.#parts.keys(), ...added.keys()])) {
      const before = this.#parts.get(name) ?? [];
      const after = added.get(name);
      if (!grows(name)) parts.set(name, after ? [after] : before);
      else parts.set(name, [...this.#first(before, kept), ...(after ? [after] : [])]);
    }
    return new JoinedStages(parts);
  }

  without(name: StageName): JoinedStages {
    return new JoinedStages(new Map([...this.#parts].filter(([own]) => own !== name)));
  }

  #first(parts: readonly Stage[], kept: number): Stage[] {
    const first: Stage[] = [];
    let left = kept;
    for (const part of parts) {
      if (left === 0) break;
      const taken = Math.min(left, part.shape[positionAxis(part)]!);
      first.push(cut(part, 0, taken));
      left -= taken;
    }
    return first;
  }

  get size(): number {
    return this.#parts.size;
  }

  has(name: StageName): boolean {
    return this.#parts.has(name);
  }

  get(name: StageName): Stage | undefined {
    const parts = this.#parts.get(name);
    if (!parts) return undefined;
    const whole = this.#whole.get(name) ?? join(parts);
    this.#whole.set(name, whole);
    return whole;
  }

  keys(): MapIterator<StageName> {
    return this.#parts.keys();
  }

  *values(): MapIterator<Stage> {
    for (const name of this.#parts.keys()) yield this.get(name)!;
  }

  *entries(): MapIterator<[StageName, Stage]> {
    for (const name of this.#parts.keys()) yield [name, this.get(name)!];
  }

  [Symbol.iterator](): MapIterator<[StageName, Stage]> {
    return this.entries();
  }

  forEach(visit: (stage: Stage, name: StageName, map: ReadonlyMap<StageName, Stage>) => void): void {
    for (const [name, stage] of this) visit(stage, name, this);
  }
}
