/** The lenses by name: what can be seen of a run, before anything of it is computed. */

/** Measures that are squares: a number for every pair of tokens. */
export const lensNames = ['weight', 'contribution', 'gradient', 'together', 'residual', 'zeroing'] as const;
export type LensName = (typeof lensNames)[number];

/**
 * How a lens is drawn: a head's square or one for all heads of a layer; weights from 0 to 1, other numbers by the largest.
 * Numbers into a word are the sum over its tokens, but lengths (`joined`): those are of the tokens' vectors added.
 */
export const lensKinds: Readonly<
  Record<
    LensName,
    { readonly ofHead: boolean; readonly signed: boolean; readonly unit: boolean; readonly joined: boolean }
  >
> = {
  weight: { ofHead: true, signed: false, unit: true, joined: false },
  contribution: { ofHead: true, signed: false, unit: false, joined: true },
  gradient: { ofHead: true, signed: true, unit: false, joined: false },
  together: { ofHead: false, signed: false, unit: false, joined: true },
  residual: { ofHead: false, signed: false, unit: false, joined: true },
  zeroing: { ofHead: false, signed: false, unit: true, joined: false },
};

/** Measures of what reaches one token through all layers: a number for every token. */
export const reachNames = ['rollout', 'byContribution', 'gradient', 'relevance', 'flow', 'integrated'] as const;
export type ReachName = (typeof reachNames)[number];
/** Those whose cost is many runs, or a search for every token: they wait to be asked for. */
export const slowReaches: readonly ReachName[] = ['flow', 'integrated'];
/** Passes of the model, forward and backward, that integrated gradients take. */
export const integratedSteps = 32;
