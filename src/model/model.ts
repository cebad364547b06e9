import { type Edit, layerStage, type Probe } from '../attention/index.ts';
import type { Kernels } from '../kernels/index.ts';
import { wasmKernels } from '../kernels/index.ts';
import { SiseonError } from '../platform/index.ts';
import { type Operations, operations, scope, type Tensor, tensor } from '../tensor/index.ts';
import type { Architecture, Family } from './architecture.ts';
import type { HostTensor } from './parameters.ts';
import type { Tokenizer } from './tokenizer.ts';
import { decode, type Parameters, transform } from './transformer.ts';

/** What Siseon adds to a checkpoint's config.json, under the field `siseon`. */
export interface ModelMetadata {
  /** The view shown unless another is asked for: a head chosen on development data. */
  readonly defaultView?: { readonly layer: number; readonly head: number };
  readonly [field: string]: unknown;
}

/** A transformer ready to run: its architecture, its parameters on a device, and its tokenizer where it has one. */
export class Model {
  readonly name: string;
  readonly family: Family;
  readonly architecture: Architecture;
  readonly tokenizer: Tokenizer | null;
  readonly metadata: ModelMetadata;
  /** Parameters in host memory, by the transformer's own names; linear maps are [output, input]. */
  readonly parameters: ReadonlyMap<string, HostTensor>;
  readonly #kernels: Kernels;
  readonly #device: Parameters;

  private constructor(parts: ModelParts, kernels: Kernels) {
    this.name = parts.name;
    this.family = parts.family;
    this.architecture = parts.architecture;
    this.tokenizer = parts.tokenizer;
    this.metadata = parts.metadata;
    this.parameters = parts.parameters;
    this.#kernels = kernels;
    this.#device = toDevice(kernels, parts.parameters);
  }

  /** Puts the parameters on a device of their own: WebAssembly unless another is given. */
  static async create(parts: ModelParts, kernels?: Kernels): Promise<Model> {
    return new Model(parts, kernels ?? (await wasmKernels()));
  }

  /** How many learned numbers the model has. */
  get parameterCount(): number {
    return [...this.parameters.values()].reduce((sum, { data }) => sum + data.length, 0);
  }

  /** Sixteen hex digits that tell two models apart: a hash (FNV-1a, 64 bit in two halves) of architecture and parameters. */
  get fingerprint(): string {
    this.#fingerprint ??= fingerprint(this.architecture, this.parameters);
    return this.#fingerprint;
  }
  #fingerprint: string | undefined;

  /**
   * Runs the model over one text's token ids and hands every linear stage to the probe, in the stage's own shape.
   * Resolves to the last hidden states [position, hidden] and, where the model has a head, the logits [position, vocabulary].
   * Edits are made as the stage is computed, and everything later follows from them.
   * Throws `emptyText`, `textTooLong` (saying how many tokens), `idOutOfRange` and `badEdit`.
   */
  async run(
    ids: Int32Array,
    probe: Probe = () => {},
    edits: readonly Edit[] = [],
  ): Promise<{ hidden: Float32Array; logits: Float32Array | null }> {
    this.#check(ids);
    for (const edit of edits) checkEdit(edit, this.architecture, ids.length);
    const { architecture: a } = this;
    // Everything below is queued at once; only the copies that were asked for are waited for, after the scope is gone.
    const { hidden, logits } = scope(this.#kernels, () => {
      const o = operations(this.#kernels);
      const read = (x: Tensor): Promise<Float32Array> => this.#kernels.read(x.storage);
      const last = transform(o, this.#device, a, { ids, batch: 1, length: ids.length }, (name, computed) => {
        const x = edited(
          o,
          a,
          computed,
          edits.filter(({ layer, stage }) => name === layerStage(layer, stage)),
        );
        const heads = /\.query$/.test(name) ? a.headCount : /\.(key|value)$/.test(name) ? a.keyValueHeadCount : 0;
        if (heads === 0) probe(name, [ids.length, a.hiddenSize], read(x));
        else
          probe(
            name,
            [heads, ids.length, a.headSize],
            read(x).then((data) => headsFirst(data, ids.length, heads)),
          );
        return x;
      });
      return { hidden: read(last), logits: a.head ? read(decode(o, this.#device, a, last)) : null };
    });
    const result = { hidden: await hidden, logits: await logits };
    if (result.logits) probe('logits', [ids.length, a.vocabularySize], Promise.resolve(result.logits));
    return result;
  }

  #check(ids: Int32Array): void {
    const { positionCount, vocabularySize } = this.architecture;
    if (ids.length === 0)
      throw new SiseonError({
        code: 'emptyText',
        kind: 'usage',
        what: 'there is no text to look at',
        next: 'Give at least one word.',
      });
    if (ids.length > positionCount)
      throw new SiseonError({
        code: 'textTooLong',
        kind: 'usage',
        what: 'the text is longer than the model can read',
        expected: `at most ${positionCount} tokens`,
        got: `${ids.length}`,
        next: 'Shorten the text.',
        details: { tokens: ids.length, positions: positionCount },
      });
    const bad = ids.find((id) => id < 0 || id >= vocabularySize);
    if (bad !== undefined)
      throw new SiseonError({
        code: 'idOutOfRange',
        kind: 'usage',
        what: 'a token id is not in the vocabulary',
        expected: `0 to ${vocabularySize - 1}`,
        got: `${bad}`,
      });
  }
}

export interface ModelParts {
  readonly name: string;
  readonly family: Family;
  readonly architecture: Architecture;
  readonly tokenizer: Tokenizer | null;
  readonly metadata: ModelMetadata;
  readonly parameters: ReadonlyMap<string, HostTensor>;
}

/** Copies host parameters to a device, outside of any scope: they stay. */
export function toDevice(kernels: Kernels, parameters: ReadonlyMap<string, HostTensor>): Map<string, Tensor> {
  return new Map([...parameters].map(([name, { shape, data }]) => [name, tensor(kernels, shape, data)]));
}

/** A stage (position, head · size) with vectors put in place. */
function edited(o: Operations, a: Architecture, x: Tensor, edits: readonly Edit[]): Tensor {
  if (edits.length === 0) return x;
  const keep = new Float32Array(x.storage.length).fill(1);
  const put = new Float32Array(x.storage.length);
  for (const { head, position, vector } of edits) {
    const start = position * x.shape[1]! + head * a.headSize;
    keep.fill(0, start, start + a.headSize);
    put.set(vector, start);
  }
  return o.add(o.multiply(x, o.constant(x.shape, keep)), o.constant(x.shape, put));
}

function checkEdit({ stage, layer, head, position, vector }: Edit, a: Architecture, length: number): void {
  const heads = stage === 'query' ? a.headCount : a.keyValueHeadCount;
  const inside = (index: number, count: number): boolean => Number.isInteger(index) && index >= 0 && index < count;
  if (
    inside(layer, a.layerCount) &&
    inside(head, heads) &&
    inside(position, length) &&
    vector.length === a.headSize &&
    vector.every(Number.isFinite)
  )
    return;
  throw new SiseonError({
    code: 'badEdit',
    kind: 'usage',
    what: `an edit of layers.${layer}.${stage}`,
    expected: `layer 0 to ${a.layerCount - 1}, head 0 to ${heads - 1}, position 0 to ${length - 1}, ${a.headSize} finite numbers`,
    got: `layer ${layer}, head ${head}, position ${position}, ${vector.length} numbers`,
  });
}

/** (position, head · size) → [head, position, size]. */
function headsFirst(data: Float32Array, positions: number, heads: number): Float32Array {
  const size = data.length / positions / heads;
  const out = new Float32Array(data.length);
  for (let i = 0; i < positions; i++)
    for (let h = 0; h < heads; h++)
      out.set(data.subarray((i * heads + h) * size, (i * heads + h + 1) * size), (h * positions + i) * size);
  return out;
}

function fingerprint(architecture: Architecture, parameters: ReadonlyMap<string, HostTensor>): string {
  let low = 0x811c9dc5;
  let high = 0x01000193;
  const add = (word: number): void => {
    low = Math.imul(low ^ word, 0x01000193);
    high = Math.imul(high ^ (word >>> 7) ^ low, 0x85ebca6b);
  };
  for (const letter of JSON.stringify(architecture)) add(letter.codePointAt(0)!);
  for (const { data } of parameters.values()) for (const word of new Uint32Array(data.slice().buffer)) add(word);
  return [high, low].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
}
