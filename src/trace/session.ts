/** Traces of a text that grows: what was read before is not read again. */
import type { Probe, StageName } from '../attention/index.ts';
import { commonPrefix, type KeyValueCache, type Model } from '../model/index.ts';
import { JoinedStages } from './joined.ts';
import type { Stage } from './stage.ts';
import { readInput, recordTrace, type Trace, type TraceInput } from './trace.ts';

/**
 * Records one text after another with one model. A causal model keeps keys and values on its device, so that a text that
 * begins like the one before costs its new tokens alone; the traces are the same as recordTrace gives, to rounding (measured:
 * to the bit). A model that sees both sides reads every text from the start. One recording at a time: calls wait in line.
 */
export class TraceSession {
  readonly model: Model;
  readonly #cache: KeyValueCache | null;
  #stages = new JoinedStages();
  #source: Int32Array | null = null;
  #line: Promise<unknown> = Promise.resolve();
  #computed = 0;
  #lastLogits: Float32Array | null = null;

  constructor(model: Model) {
    this.model = model;
    this.#cache = model.architecture.causal ? model.newCache() : null;
  }

  /** Tokens that the last recording computed; the others it had. */
  get computed(): number {
    return this.#computed;
  }

  /** Logits [vocabulary] of the last recording's last position; null without a language head. */
  get lastLogits(): Float32Array | null {
    return this.#lastLogits;
  }

  /** The trace of a text or of token ids. Throws what recordTrace throws. */
  record(input: TraceInput): Promise<Trace> {
    const result = this.#line.then(() => this.#record(input));
    this.#line = result.catch(() => {});
    return result;
  }

  /** Frees the device's memory; the traces stay. */
  free(): void {
    this.#cache?.free();
  }

  async #record(input: TraceInput): Promise<Trace> {
    const { model } = this;
    // An edit changes what all later tokens see: nothing of it is kept.
    if (!this.#cache || (input.edits ?? []).length > 0) {
      const trace = await recordTrace(model, input);
      this.#computed = trace.ids.length;
      return trace;
    }
    const read = readInput(model, input);
    const own = read.decoderIds ?? read.ids;
    const pending: Promise<[StageName, Stage]>[] = [];
    const keepsLogits = input.logits !== false;
    const probe: Probe = (stage, shape, values) => {
      if (keepsLogits || stage !== 'logits') pending.push(values.then((data) => [stage, { shape, data }]));
    };
    // Logits of what was read before cannot be had any more where they were not kept.
    if (keepsLogits && model.architecture.head && !this.#stages.has('logits')) this.#forget();
    const kept = this.#keep(read.decoderIds ? read.ids : null, own);
    const added = own.slice(kept);
    try {
      const cache = this.#cache;
      const options = { cache, lastLogits: !keepsLogits };
      const { logits } = read.decoderIds
        ? await model.run(read.ids, probe, [], { decoderIds: added, ...options })
        : await model.run(added, probe, [], options);
      this.#lastLogits = logits?.slice(-model.architecture.vocabularySize) ?? null;
    } catch (error) {
      this.#forget();
      throw error;
    }
    // What the encoder made of its text, and numbers by distance, do not grow with the decoder's.
    const grows = (name: StageName): boolean =>
      !name.startsWith('encoder.') && !/(relativeBias|\.cross\.(key|value)|classes)$/.test(name);
    const before = keepsLogits ? this.#stages : this.#stages.without('logits');
    this.#stages = before.extended(kept, new Map(await Promise.all(pending)), grows);
    this.#source = read.decoderIds ? read.ids : null;
    this.#computed = added.length;
    const { name, fingerprint, architecture } = model;
    return { model: { name, fingerprint, architecture }, ...read, edits: [], recorded: this.#stages };
  }

  /** How many tokens are there already, the last one of the text never among them: its stages are what is asked for. */
  #keep(source: Int32Array | null, own: Int32Array): number {
    const cache = this.#cache!;
    if (
      source &&
      this.#source &&
      !(source.length === this.#source.length && commonPrefix(source, this.#source) === source.length)
    )
      this.#forget();
    cache.truncate(Math.min(commonPrefix(cache.ids, own), own.length - 1));
    return cache.length;
  }

  #forget(): void {
    this.#cache!.clear();
    this.#stages = new JoinedStages();
    this.#source = null;
  }
}
