/** What a causal model has read, kept as keys and values on its device, so that a longer text costs its new tokens alone. */
import type { Kernels } from '../kernels/index.ts';
import { SiseonError } from '../platform/index.ts';
import { operations, type Tensor, tensor } from '../tensor/index.ts';
import type { Architecture } from './architecture.ts';
import type { Cache } from './continued.ts';

interface Pair {
  key: Tensor;
  value: Tensor;
}

/**
 * Whether a text may grow without what was read before changing: causal models, but for classifiers that read the whole
 * text with an encoder first.
 */
export const goesOn = ({ causal, classifier }: Architecture): boolean => causal && classifier?.of !== 'end';

/** Made by `Model.newCache`; runs with it go on where it ends. Owns memory of the device until `free`. */
export class KeyValueCache implements Cache {
  readonly layers: readonly Pair[];
  readonly cross: { encoded: boolean; layers: Pair[] } | undefined;
  readonly #kernels: Kernels;
  readonly #architecture: Architecture;
  #ids: Int32Array = new Int32Array(0);
  #source: Int32Array | null = null;
  #capacity = 0;
  #freed = false;

  constructor(kernels: Kernels, architecture: Architecture) {
    if (!goesOn(architecture))
      throw new SiseonError({
        code: 'notCausal',
        kind: 'usage',
        what: 'this model sees both sides: a new word changes what it made of every earlier one',
        expected: 'a causal model, for its keys and values to be kept',
      });
    this.#kernels = kernels;
    this.#architecture = architecture;
    const empty = (): Pair[] => architecture.layers.map(() => ({ key: this.#make(0), value: this.#make(0) }));
    this.layers = empty();
    this.cross = architecture.encoder ? { encoded: false, layers: empty() } : undefined;
  }

  /** Token ids whose keys and values are kept; of an encoder-decoder the decoder's. */
  get ids(): Int32Array {
    return this.#ids;
  }

  get length(): number {
    return this.#ids.length;
  }

  /** Forgets what came after the first `length` tokens. */
  truncate(length: number): void {
    this.#ids = this.#ids.slice(0, Math.max(0, length));
  }

  /** Forgets everything, the encoded text too. */
  clear(): void {
    this.truncate(0);
    this.#source = null;
    if (this.cross) this.cross.encoded = false;
  }

  /** Makes room for the tokens of a run that begins; for an encoder-decoder `source` is the encoder's text. */
  begin(added: number, source: Int32Array | null): void {
    if (this.#freed)
      throw new SiseonError({
        code: 'cacheFreed',
        kind: 'usage',
        what: 'this cache was freed, or the session that holds it',
        next: 'Make another one.',
      });
    const needed = this.length + added;
    if (needed > this.#capacity) this.#grow(Math.min(this.#architecture.positionCount, Math.max(64, 2 * needed)));
    if (!this.cross || !source) return;
    if (this.cross.encoded && same(this.#source!, source)) return;
    if (this.length > 0)
      throw new SiseonError({
        code: 'anotherSource',
        kind: 'usage',
        what: 'the cache goes with another text of the encoder',
        next: 'Clear it, or make one for each text.',
      });
    this.cross.encoded = false;
    this.#source = source.slice();
    for (const pair of this.cross.layers)
      for (const stage of ['key', 'value'] as const) {
        this.#kernels.free(pair[stage].storage);
        pair[stage] = this.#make(source.length);
      }
  }

  /** The run has written keys and values of these tokens. */
  end(added: Int32Array): void {
    const ids = new Int32Array(this.length + added.length);
    ids.set(this.#ids);
    ids.set(added, this.length);
    this.#ids = ids;
    if (this.cross) this.cross.encoded = true;
  }

  /** Bytes on the device. */
  get bytes(): number {
    const all = [...this.layers, ...(this.cross?.layers ?? [])];
    return all.reduce((sum, { key, value }) => sum + 4 * (key.storage.length + value.storage.length), 0);
  }

  free(): void {
    if (this.#freed) return;
    this.#freed = true;
    for (const { key, value } of [...this.layers, ...(this.cross?.layers ?? [])])
      for (const { storage } of [key, value]) this.#kernels.free(storage);
  }

  #make(rows: number): Tensor {
    const { keyValueHeadCount, headSize } = this.#architecture;
    return tensor(this.#kernels, [rows, keyValueHeadCount * headSize]);
  }

  #grow(capacity: number): void {
    const o = operations(this.#kernels);
    for (const pair of this.layers)
      for (const stage of ['key', 'value'] as const) {
        const old = pair[stage];
        pair[stage] = this.#make(capacity);
        if (this.length > 0) o.append(pair[stage], { ...old, shape: [this.length, old.shape[1]!] }, 0);
        this.#kernels.free(old.storage);
      }
    this.#capacity = capacity;
  }
}

const same = (a: Int32Array, b: Int32Array): boolean => a.length === b.length && a.every((id, i) => id === b[i]);

/** How many leading ids two lists share. */
export function commonPrefix(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return length;
}
