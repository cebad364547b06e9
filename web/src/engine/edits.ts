/** What a visitor's changes come to as edits of the package. */
import type { Edit } from 'siseon/attention';
import { patchFrom } from 'siseon/lens';
import type { Model } from 'siseon/model';
import { attentionRows, type Trace } from 'siseon/trace';
import { type Change, inside, ofHead } from './change.ts';

/** A weight set for a word is shared among its tokens as the model shared it. */
async function weightEdits(change: Change & { readonly kind: 'weight' }, trace: Trace): Promise<Edit[]> {
  const { layer, head, query, keys, to } = change;
  const row = (await attentionRows(trace, layer, [query], head, ['weights'])).weights.data;
  const own = inside(keys).map((key) => row[key] ?? 0);
  const total = own.reduce((sum, weight) => sum + weight, 0);
  return inside(keys).map((key, i) => ({
    kind: 'weight',
    layer,
    head,
    query,
    key,
    to: total > 0 ? (to * own[i]!) / total : to / own.length,
  }));
}

/** The changes as edits; `read` gives the run of the sentence that is pasted from. Throws what it and patchFrom throw. */
export async function editsOf(
  changes: readonly Change[],
  trace: Trace,
  model: Model,
  read: (paste: Change & { readonly kind: 'paste' }) => Promise<Trace>,
): Promise<Edit[]> {
  const edits: Edit[] = [];
  for (const change of changes)
    switch (change.kind) {
      case 'silence':
        edits.push({ kind: 'ablate', layer: change.layer, head: change.head, by: 'zero' });
        break;
      case 'temperature':
        edits.push({ kind: 'temperature', layer: change.layer, head: change.head, value: change.temperature });
        break;
      case 'cut': {
        const { layer, head, queries, keys } = change;
        const pairs = inside(queries).flatMap((query) => inside(keys).map((key) => [query, key] as const));
        edits.push({ kind: 'block', layer, head, pairs });
        break;
      }
      case 'weight':
        edits.push(...(await weightEdits(change, trace)));
        break;
      case 'drop':
        for (const position of inside(change.keys)) edits.push({ kind: 'drop', position });
        break;
      case 'paste': {
        const { stage, layer, pairs } = change;
        const { headCount, keyValueHeadCount } = model.architecture;
        const grouped = stage === 'key' || stage === 'value';
        const head = grouped ? Math.floor((change.head * keyValueHeadCount) / headCount) : change.head;
        edits.push(
          await patchFrom(await read(change), model, {
            stage,
            ...(stage !== 'embeddings' && { layer }),
            ...(ofHead(stage) && { head }),
            alignment: pairs,
          }),
        );
      }
    }
  return edits;
}
