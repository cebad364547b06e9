import type { Kernels, Storage } from '../kernels/index.ts';
import type { Tensor } from '../tensor/index.ts';

export interface AdamSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Decoupled weight decay; biases and norms (tensors of one axis) are left out. */
  readonly decay: number;
}

/** AdamW (Loshchilov & Hutter 2019) over tensors of one device. */
export class AdamW {
  readonly #kernels: Kernels;
  readonly #settings: AdamSettings;
  readonly #moments: ReadonlyMap<Tensor, { first: Storage; second: Storage }>;
  // βᵗ as running products: Math.pow differs between engines, and training must repeat.
  #power1 = 1;
  #power2 = 1;

  constructor(kernels: Kernels, parameters: Iterable<Tensor>, settings: AdamSettings) {
    this.#kernels = kernels;
    this.#settings = settings;
    this.#moments = new Map(
      [...parameters].map((p) => [
        p,
        { first: kernels.allocate(p.storage.length), second: kernels.allocate(p.storage.length) },
      ]),
    );
  }

  /** The running means of a parameter's gradients and of their squares, on the device. */
  moments(parameter: Tensor): { readonly first: Storage; readonly second: Storage } {
    return this.#moments.get(parameter)!;
  }

  /** Goes on as if so many steps had been taken; the means are written by the caller. */
  resumeAt(step: number): void {
    this.#power1 = this.#power2 = 1;
    for (let i = 0; i < step; i++) {
      this.#power1 *= this.#settings.beta1;
      this.#power2 *= this.#settings.beta2;
    }
  }

  /** Moves every parameter that has a gradient, at a rate of its own; `gradientScale` multiplies the gradients first (clipping). */
  step(gradients: ReadonlyMap<Tensor, Tensor>, rateOf: (parameter: Tensor) => number, gradientScale = 1): void {
    const { beta1, beta2, epsilon, decay } = this.#settings;
    this.#power1 *= beta1;
    this.#power2 *= beta2;
    for (const [parameter, { first, second }] of this.#moments) {
      const gradient = gradients.get(parameter);
      if (!gradient) continue;
      this.#kernels.adam({
        parameter: parameter.storage,
        gradient: gradient.storage,
        first,
        second,
        rate: rateOf(parameter),
        beta1,
        beta2,
        epsilon,
        decay: parameter.shape.length > 1 ? decay : 0,
        correction1: 1 - this.#power1,
        correction2: 1 - this.#power2,
        gradientScale,
      });
    }
  }
}
