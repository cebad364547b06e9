import type { AttentionPlace, Edit, Probe, StackPrefix, StageName } from '../attention/index.ts';
import type { Kernels } from '../kernels/index.ts';
import { wasmKernels } from '../kernels/index.ts';
import { type AttendTask, type Operations, operations, scope, sizeOf, Tape, type Tensor } from '../tensor/index.ts';
import type { Architecture, Family } from './architecture.ts';
import {
  batchOf,
  checkText,
  type LogitRows,
  type RunOptions,
  type RunResult,
  rowsOfText,
  stageListener,
  type TextRun,
} from './batch.ts';
import { KeyValueCache } from './cache.ts';
import { DeviceParameters, fromHost, type ModelParameter } from './deviceParameters.ts';
import { attendDisentangled, type DisentangledTask } from './disentangled.ts';
import { changeScores, sumHeadsOf } from './editedRun.ts';
import { stackAt } from './edits.ts';
import { checkGradient, type GradientTarget, inOwnShape, noLogits, targetValue } from './gradients.ts';
import { outputOf } from './headOutputs.ts';
import { classify, decode } from './heads.ts';
import { norm } from './norm.ts';
import type { HostTensor, TakenParameter } from './parameters.ts';
import { attendEdited } from './squareEdits.ts';
import type { Tokenizer } from './tokenizer.ts';
import { embed, type Parameters, type StageListener, transform } from './transformer.ts';

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
  readonly #kernels: Kernels;
  readonly #parameters: DeviceParameters;

  private constructor(parts: ModelParts, kernels: Kernels, parameters: DeviceParameters) {
    this.name = parts.name;
    this.family = parts.family;
    this.architecture = parts.architecture;
    this.tokenizer = parts.tokenizer;
    this.metadata = parts.metadata;
    this.#kernels = kernels;
    this.#parameters = parameters;
  }

  /** Puts the parameters on a device of their own: WebAssembly unless another is given. */
  static async create(parts: ModelParts, kernels?: Kernels): Promise<Model> {
    const device = kernels ?? (await wasmKernels());
    const taken = Symbol.asyncIterator in parts.parameters ? parts.parameters : fromHost(parts.parameters);
    return new Model(parts, device, await DeviceParameters.from(device, parts.architecture, taken));
  }

  /** Parameters by the transformer's own names; they lie on the model's device and are read back when they are asked for. */
  get parameters(): ReadonlyMap<string, ModelParameter> {
    return this.#parameters.parameters;
  }

  /** Copies of all parameters in host memory, as float32; what layers share is one object. */
  async readParameters(): Promise<Map<string, HostTensor>> {
    const copies = new Map<ModelParameter, HostTensor>();
    for (const parameter of this.parameters.values())
      if (!copies.has(parameter)) copies.set(parameter, { shape: parameter.shape, data: await parameter.read() });
    return new Map([...this.parameters].map(([name, parameter]) => [name, copies.get(parameter)!]));
  }

  /** How many learned numbers the model has. */
  get parameterCount(): number {
    return [...new Set(this.parameters.values())].reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  }

  /** Sixteen hex digits that tell two models apart: a hash of architecture and parameters, in whatever type they are kept. */
  get fingerprint(): string {
    return this.#parameters.fingerprint;
  }

  /** Frees the parameters on the device, for devices that outlive their models; the model must not be used any more. */
  free(): void {
    this.#parameters.free();
  }

  get #device(): Parameters {
    return this.#parameters.tensors;
  }

  /** An empty cache of keys and values on the model's device; free it when it is done with. Throws `notCausal`. */
  newCache(): KeyValueCache {
    return new KeyValueCache(this.#kernels, this.architecture);
  }

  /**
   * Runs the model over one text's token ids and hands every linear stage to the probe, in the stage's own shape.
   * Resolves to the last hidden states [position, hidden] and, where the model has heads for them, the logits
   * [position, vocabulary] (all of them, or those that `logits` asks for) and the labels' scores [labels] or [position, labels].
   * Edits are made as the stage is computed, and everything later follows from them.
   * Throws `emptyText`, `textTooLong` (saying how many tokens), `idOutOfRange` and `badEdit`.
   */
  async run(
    ids: Int32Array,
    probe: Probe = () => {},
    edits: readonly Edit[] = [],
    options: RunOptions = {},
  ): Promise<RunResult> {
    const [result] = await this.runBatch([{ ids, probe, edits, ...options }]);
    return result!;
  }

  /**
   * Runs several texts side by side, shorter ones padded; each gets the numbers that it gets alone (to rounding of the last
   * bit) and its own probe. With caches, one for each text and no edits, ids go on where their cache ends, and stages hold
   * the new positions alone. Throws what `run` throws, `cacheAlone` and `anotherSource`.
   */
  async runBatch(texts: readonly TextRun[]): Promise<RunResult[]> {
    const { architecture: a } = this;
    for (const text of texts) checkText(text, a, text.cache?.length ?? 0);
    if (texts.length === 0) return [];
    const batch = batchOf(texts, a);
    const added = ({ ids, decoderIds }: TextRun): Int32Array => (a.encoder ? decoderIds! : ids);
    for (const text of texts) text.cache?.begin(added(text).length, a.encoder ? text.ids : null);
    // Everything below is queued at once; only the copies that were asked for are waited for, after the scope is gone.
    const queued = scope(this.#kernels, () => {
      const o = operations(this.#kernels);
      const read = (x: Tensor): Promise<Float32Array> => this.#kernels.read(x.storage);
      const listen = stageListener(a, batch, texts, read);
      const edits = texts.map((text) => text.edits ?? []);
      const edited = edits.some((own) => own.length > 0);
      const mix = edited
        ? (own: Operations, task: AttendTask, place: AttentionPlace) => attendEdited(own, task, edits, place)
        : undefined;
      const last = transform(o, this.#device, a, batch, listen, mix, edited ? sumHeadsOf(a, batch, texts) : undefined);
      const own = batch.decoder ?? batch;
      return texts.map((text, b) => {
        const [first, count] = rowsOfText(own, b);
        // One text's rows: its padding stays behind.
        const rows =
          texts.length === 1
            ? last
            : o.embed(
                last,
                Int32Array.from({ length: count }, (_, i) => first + i),
              );
        return {
          hidden: read(rows),
          logits: this.#logits(o, rows, text, read),
          classes: a.classifier ? read(classify(o, this.#device, a, rows, text.ids)) : null,
        };
      });
    });
    for (const text of texts) text.cache?.end(added(text));
    return Promise.all(
      queued.map(async ({ hidden, logits, classes }, b) => {
        const result = { hidden: await hidden, logits: await logits, classes: await classes };
        const { probe = () => {} } = texts[b]!;
        const rows = result.hidden.length / a.hiddenSize;
        const labels = a.classifier?.labels.length ?? 0;
        changeScores(a, texts[b]!, result, rows);
        if (result.logits)
          probe('logits', [result.logits.length / a.vocabularySize, a.vocabularySize], Promise.resolve(result.logits));
        if (result.classes)
          probe('classes', a.classifier!.of === 'tokens' ? [rows, labels] : [labels], Promise.resolve(result.classes));
        return result;
      }),
    );
  }

  #logits(
    o: Operations,
    hidden: Tensor,
    { logits: asked = 'all' }: RunOptions,
    read: (x: Tensor) => Promise<Float32Array>,
  ): Promise<Float32Array> | null {
    if (!this.architecture.head || asked === 'none' || asked.length === 0) return null;
    return read(decode(o, this.#device, this.architecture, rowsFor(o, hidden, asked)));
  }

  /**
   * Gradients of a number made of the logits, or of a label's score, with respect to stages of the run, each in the stage's
   * own shape, and the number itself: one forward and one backward pass. Stages: those of a probe, and `mixed` and
   * `feedForward` of a layer. Vector edits are made on the way; edits of the square have no gradient here (`noGradient`),
   * nor has a model without logits (`noLogits`) or labels (`noLabels`). Throws what `run` throws.
   */
  async gradients(
    ids: Int32Array,
    target: GradientTarget,
    wanted: (name: StageName) => boolean,
    edits: readonly Edit[] = [],
    { decoderIds }: Pick<RunOptions, 'decoderIds'> = {},
  ): Promise<{ readonly value: number; readonly gradients: ReadonlyMap<StageName, Float32Array> }> {
    const { architecture: a } = this;
    const text = { ids, edits, ...(decoderIds && { decoderIds }) };
    checkText(text, a, 0);
    checkGradient(a, edits, target, (decoderIds ?? ids).length);
    const batch = batchOf([text], a);
    const queued = scope(this.#kernels, () => {
      // Embeddings are watched whether or not they are wanted: everything hangs on them.
      const tape = new Tape();
      let current: Tape | null = tape;
      let watched: [StageName, Tensor][] = [];
      const read = (x: Tensor): Promise<Float32Array> => this.#kernels.read(x.storage);
      const gradients: [StageName, readonly number[], Promise<Float32Array>][] = [];
      const found = (by: ReadonlyMap<Tensor, Tensor>): void => {
        for (const [name, x] of watched) {
          const gradient = by.get(x);
          // What the number does not depend on has the gradient 0.
          const numbers = gradient ? read(gradient) : Promise.resolve(new Float32Array(x.storage.length));
          gradients.push([name, x.shape, numbers]);
        }
        watched = [];
      };
      const o = operations(this.#kernels, tape, {
        begins: (step) => {
          current = step;
        },
        ends: found,
      });
      const listen = stageListener(a, batch, [text], read);
      const watch: StageListener = (name, computed, own) => {
        const x = listen(name, computed, own) ?? computed;
        const embeddings = name.endsWith('embeddings');
        if (embeddings) tape.watch(x);
        if (wanted(name) && (embeddings ? tape : current !== tape)) {
          current?.watch(x);
          watched.push([name, x]);
        }
        return x;
      };
      const mix = (own: Operations, task: AttendTask, _: AttentionPlace, disentangled: DisentangledTask | null) =>
        disentangled ? attendDisentangled(own, disentangled, task.value) : own.attend(task);
      const sumHeads = edits.length > 0 ? sumHeadsOf(a, batch, [text]) : undefined;
      const last = transform(o, this.#device, a, batch, watch, mix, sumHeads);
      const value = targetValue(o, this.#device, a, last, target, text);
      const ofEmbeddings = watched;
      watched = [];
      const whole = tape.gradients(value, operations(this.#kernels));
      watched = ofEmbeddings;
      found(whole);
      return { value: read(value), gradients };
    });
    const gradients = new Map<StageName, Float32Array>();
    for (const [name, [rows = 0], numbers] of queued.gradients)
      gradients.set(name, inOwnShape(name, await numbers, rows, stackAt(name, a)));
    return { value: (await queued.value)[0]!, gradients };
  }

  /**
   * What the first layer of a stack would read of a text that says nothing: at each of `length` positions the mean of the
   * vocabulary's token embeddings in a token's place, [position, hidden]. Cost: one pass over the table.
   */
  async meanEmbeddings(prefix: StackPrefix, length: number): Promise<Float32Array> {
    const { architecture: a } = this;
    const table = this.parameters.get('embeddings.token')!;
    const [tokens = 0, width = 0] = table.shape;
    const sum = new Float64Array(width);
    for (let first = 0; first < tokens; first += 1024) {
      const rows = await table.read(first, Math.min(1024, tokens - first));
      for (const [at, number] of rows.entries()) sum[at % width]! += number;
    }
    return scope(this.#kernels, () => {
      const o = operations(this.#kernels);
      const mean = o.constant(
        [1, width],
        sum.map((number) => number / tokens),
      );
      const parameters = new Map([...this.#device, ['embeddings.token', mean]]);
      const nothing = { ids: new Int32Array(length), length };
      const positions = Int32Array.from({ length }, (_, i) => i);
      const x = embed(o, parameters, a, stackAt(prefix, a), prefix, nothing, positions);
      return this.#kernels.read(x.storage);
    });
  }

  /** States of the residual stream read as if they were the last: [rows, hidden] → final norm, head → logits [rows, vocabulary]. */
  async readOut(states: Float32Array): Promise<Float32Array> {
    const { architecture: a } = this;
    if (!a.head) throw noLogits();
    return scope(this.#kernels, () => {
      const o = operations(this.#kernels);
      const x = o.constant([states.length / a.hiddenSize, a.hiddenSize], states);
      const prefix = a.encoder ? 'decoder.' : '';
      const normed = a.finalNorm ? norm(o, this.#device, a, x, `${prefix}finalNorm`) : x;
      return this.#kernels.read(decode(o, this.#device, a, normed).storage);
    });
  }

  /**
   * Each head's part of a place's output, [head, position, hidden], of its mixtures [head, position, headSize]: mixed · W_O
   * of that head, without the projection's bias. Cost: the output projection once a head.
   */
  async projectHeads(
    place: AttentionPlace,
    mixed: { readonly shape: readonly number[]; readonly data: Float32Array },
  ): Promise<Float32Array> {
    const [heads = 0, positions = 0, size = 0] = mixed.shape;
    const { hiddenSize } = stackAt(place, this.architecture);
    const sideBySide = new Float32Array(mixed.data.length);
    for (let h = 0; h < heads; h++)
      for (let i = 0; i < positions; i++)
        sideBySide.set(
          mixed.data.subarray((h * positions + i) * size, (h * positions + i + 1) * size),
          (i * heads + h) * size,
        );
    const all = new Float32Array(heads * positions * hiddenSize);
    for (let h = 0; h < heads; h++) {
      const one = await scope(this.#kernels, () => {
        const o = operations(this.#kernels);
        const projection = this.#device.get(`${place}.attentionOutput.weight`)!;
        const rows = o.constant([positions, heads * size], sideBySide);
        return this.#kernels.read(outputOf(o, rows, projection, h, size).storage);
      });
      all.set(one, h * positions * hiddenSize);
    }
    return all;
  }
}

/** Rows of hidden states (N, D) → those that logits are asked for. */
function rowsFor(o: Operations, x: Tensor, asked: Exclude<LogitRows, 'none'>): Tensor {
  if (asked === 'all') return x;
  return o.embed(x, Int32Array.from(asked === 'last' ? [x.shape[0]! - 1] : asked));
}

export interface ModelParts {
  readonly name: string;
  readonly family: Family;
  readonly architecture: Architecture;
  readonly tokenizer: Tokenizer | null;
  readonly metadata: ModelMetadata;
  /** In host memory, or one after another as they are read. */
  readonly parameters: ReadonlyMap<string, HostTensor> | AsyncIterable<TakenParameter>;
}
