/** Traces of a text that grows: what was read before is not read again. */
import type { Probe, StageName } from '../attention/index.ts';
import { commonPrefix, goesOn, type KeyValueCache, type Model, type RunOptions, type TextRun } from '../model/index.ts';
import { JoinedStages } from './joined.ts';
import type { Stage } from './stage.ts';
import { readInput, recordTrace, type Trace, type TraceInput } from './trace.ts';

/** A run that a session is ready for, and what it makes of it. */
interface Turn {
  readonly run: TextRun;
  finish(): Promise<Trace>;
}

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

  constructor(model: Model) {
    this.model = model;
    this.#cache = goesOn(model.architecture) ? model.newCache() : null;
  }

  /** Tokens that the last recording computed; the others it had. */
  get computed(): number {
    return this.#computed;
  }

  /** The trace of a text or of token ids. Throws what recordTrace throws, and what `onLayer` throws to end the run. */
  async record(input: TraceInput, options: Pick<RunOptions, 'onLayer'> = {}): Promise<Trace> {
    const [trace] = await TraceSession.recordAll([this], [input], options);
    return trace!;
  }

  /**
   * Records one text with each of several sessions of one causal model, side by side in one run: the model's parameters are
   * read once for all of them. Throws what record throws, and `cacheAlone` for edits.
   */
  static recordAll(
    sessions: readonly TraceSession[],
    inputs: readonly TraceInput[],
    options: Pick<RunOptions, 'onLayer'> = {},
  ): Promise<Trace[]> {
    const result = Promise.all(sessions.map((session) => session.#line)).then(() =>
      TraceSession.#recordNow(sessions, inputs, options),
    );
    for (const session of sessions) session.#line = result.catch(() => {});
    return result;
  }

  /** Frees the device's memory; the traces stay. Of a causal model nothing more can be recorded: `cacheFreed`. */
  free(): void {
    this.#cache?.free();
  }

  /** Null where every text is read from the start: an edit changes what all later tokens see, and nothing of it is kept. */
  #turn(input: TraceInput, { onLayer }: Pick<RunOptions, 'onLayer'>): Turn | null {
    const cache = this.#cache;
    if (!cache || (input.edits ?? []).length > 0) return null;
    const { model } = this;
    const read = readInput(model, input);
    const own = read.decoderIds ?? read.ids;
    const keepsLogits = input.logits !== false;
    // Logits of what was read before cannot be had any more where they were not kept.
    if (keepsLogits && model.architecture.head && !this.#stages.has('logits')) this.#forget();
    const kept = this.#keep(cache, read.decoderIds ? read.ids : null, own);
    const added = own.slice(kept);
    const pending: Promise<[StageName, Stage]>[] = [];
    const probe: Probe = (stage, shape, values) => pending.push(values.then((data) => [stage, { shape, data }]));
    return {
      run: {
        ...(read.decoderIds ? { ids: read.ids, decoderIds: added } : { ids: added }),
        probe,
        cache,
        logits: keepsLogits ? 'all' : 'none',
        ...(onLayer && { onLayer }),
      },
      finish: async () => {
        const { name, fingerprint, architecture } = model;
        // What the encoder made of its text, and numbers by distance, do not grow with the decoder's.
        const grows = (stage: StageName): boolean =>
          !stage.startsWith('encoder.') && !/(relativeBias|\.cross\.(key|value)|classes)$/.test(stage);
        const before = keepsLogits ? this.#stages : this.#stages.without('logits');
        this.#stages = before.extended(kept, new Map(await Promise.all(pending)), grows);
        this.#source = read.decoderIds ? read.ids : null;
        this.#computed = added.length;
        return { model: { name, fingerprint, architecture }, ...read, edits: [], recorded: this.#stages };
      },
    };
  }

  /** Reads a text from the start, keeping nothing. */
  async #whole(input: TraceInput, options: Pick<RunOptions, 'onLayer'>): Promise<Trace> {
    const trace = await recordTrace(this.model, input, options);
    this.#computed = trace.ids.length;
    return trace;
  }

  /** How many tokens are there already, the last one of the text never among them: its stages are what is asked for. */
  #keep(cache: KeyValueCache, source: Int32Array | null, own: Int32Array): number {
    if (
      source &&
      this.#source &&
      !(source.length === this.#source.length && commonPrefix(source, this.#source) === source.length)
    )
      this.#forget();
    cache.truncate(Math.min(commonPrefix(cache.ids, own), own.length - 1));
    return cache.length;
  }

  /** The next text is read from its start. */
  #forget(): void {
    this.#cache?.clear();
    this.#stages = new JoinedStages();
    this.#source = null;
  }

  static async #recordNow(
    sessions: readonly TraceSession[],
    inputs: readonly TraceInput[],
    options: Pick<RunOptions, 'onLayer'>,
  ): Promise<Trace[]> {
    // A layer begins once for all of them.
    const turns = sessions.map((session, i) => session.#turn(inputs[i]!, i === 0 ? options : {}));
    const going = turns.filter((turn) => turn !== null);
    if (going.length < turns.length)
      return Promise.all(sessions.map((session, i) => session.#whole(inputs[i]!, options)));
    try {
      await sessions[0]!.model.runBatch(going.map(({ run }) => run));
      return await Promise.all(going.map((turn) => turn.finish()));
    } catch (error) {
      for (const session of sessions) session.#forget();
      throw error;
    }
  }
}
