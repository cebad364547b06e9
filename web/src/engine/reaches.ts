/** What reaches a token through all layers, a number for each token of the text: the measures of `siseon flow`. */
import { attentionFlow, gradientAttentionByToken, integratedGradients, relevance, rollout } from 'siseon/lens';
import type { Model } from 'siseon/model';
import type { Trace } from 'siseon/trace';
import { integratedSteps, type ReachName } from './lens.ts';
import { targetAt } from './lenses.ts';

/** [position]. Throws what the package's lens throws: `tooLongForFlow`, `noLogits`, `noGradient`. */
export async function reachOf(name: ReachName, trace: Trace, model: Model, token: number): Promise<Float64Array> {
  switch (name) {
    case 'rollout':
      return (await rollout(trace, { token })).shares;
    case 'byContribution':
      return (await rollout(trace, { token, model })).shares;
    case 'flow':
      return attentionFlow(trace, { token });
    case 'gradient':
      return gradientAttentionByToken(trace, model, await targetAt(trace, model, token));
    case 'relevance':
      return relevance(trace, model, await targetAt(trace, model, token));
    case 'integrated':
      return (await integratedGradients(trace, model, await targetAt(trace, model, token), { steps: integratedSteps }))
        .attributions;
  }
}
