import type { Operations } from './interface.ts';
import type { Tensor } from './tensor.ts';

/**
 * Gradients of an operation's inputs, in their order (null: none), given the gradient of its output. `needed` says of which
 * inputs anything is wanted, for those that are dear.
 */
export type Pullback = (gradient: Tensor, needed: readonly boolean[]) => readonly (Tensor | null)[];

interface Entry {
  readonly inputs: readonly Tensor[];
  readonly output: Tensor;
  readonly pullback: Pullback;
}

/** Reverse-mode differentiation: remembers what was computed from the watched tensors, and walks it backwards. */
export class Tape {
  readonly #watched = new Set<Tensor>();
  readonly #entries: Entry[] = [];

  /** From here on, gradients can be asked for with respect to this tensor. */
  watch(...tensors: readonly Tensor[]): void {
    for (const tensor of tensors) this.#watched.add(tensor);
  }

  /** Remembers an operation, if anything that it used depends on a watched tensor. */
  record(inputs: readonly Tensor[], output: Tensor, pullback: Pullback): Tensor {
    if (inputs.some((input) => this.#watched.has(input))) {
      this.#watched.add(output);
      this.#entries.push({ inputs, output, pullback });
    }
    return output;
  }

  /**
   * Gradients of a loss (one number) with respect to everything it was computed from; those of a tensor used twice add up.
   * Of something in the middle, `given` is its own gradient.
   */
  gradients(loss: Tensor, o: Operations, given: Tensor = o.constant(loss.shape, [1])): Map<Tensor, Tensor> {
    const gradients = new Map<Tensor, Tensor>([[loss, given]]);
    for (const { inputs, output, pullback } of this.#entries.toReversed()) {
      const gradient = gradients.get(output);
      if (!gradient) continue;
      const needed = inputs.map((input) => this.#watched.has(input));
      for (const [i, part] of pullback(gradient, needed).entries()) {
        const input = inputs[i]!;
        if (!part || !this.#watched.has(input)) continue;
        const before = gradients.get(input);
        gradients.set(input, before ? o.add(before, part) : part);
      }
    }
    return gradients;
  }
}
