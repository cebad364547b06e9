/** Names that heads earned in this window, and the model that they are of. */
import type { NamedHead } from '../engine/reading.ts';

class Named {
  /** `engine.version` at the time. */
  model = $state(0);
  heads = $state.raw<readonly NamedHead[] | null>(null);
}
export const named = new Named();
