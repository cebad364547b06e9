/** What reaches a token through all layers, a number for each token of the text: the measures of `siseon flow`. */
import {
  attentionFlow,
  gradientAttentionByToken,
  importance,
  integratedGradients,
  longestFlow,
  relevance,
  rollout,
} from 'siseon/lens';
import type { Model } from 'siseon/model';
import type { Trace } from 'siseon/trace';
import { integratedSteps, type ReachName } from './lens.ts';
import { targetAt } from './lenses.ts';

/**
 * [position], to be summed over each word (or token) of `words`; the flow into one, which is less than that of its tokens
 * together, stands at its first. Throws what the package's lens throws: `tooLongForFlow`, `noLogits`, `noGradient`.
 */
export async function reachOf(
  name: ReachName,
  trace: Trace,
  model: Model,
  token: number,
  words: readonly (readonly number[])[],
): Promise<Float64Array> {
  switch (name) {
    case 'rollout':
      return (await rollout(trace, { token })).shares;
    case 'byContribution':
      return (await rollout(trace, { token, model })).shares;
    case 'flow':
      // A longer text is refused, by name.
      if (trace.ids.length > longestFlow) return attentionFlow(trace, { token });
      return (await importance('flow', trace, model, { position: token, token: 0 }, { words }))!;
    case 'gradient':
      return gradientAttentionByToken(trace, model, await targetAt(trace, model, token));
    case 'relevance':
      return relevance(trace, model, await targetAt(trace, model, token));
    case 'integrated':
      return (await integratedGradients(trace, model, await targetAt(trace, model, token), { steps: integratedSteps }))
        .attributions;
  }
}
