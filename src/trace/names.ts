/** What other programs call the stages, and how they shape them. */
import type { StageName } from '../attention/index.ts';
import { SiseonError } from '../platform/index.ts';
import type { Stage } from './stage.ts';
import { traceStages } from './stages.ts';
import type { Trace } from './trace.ts';

export type StageNames = 'siseon' | 'transformerlens' | 'huggingface';

/** A stage under another's name, with the batch axis that others have in front. */
export interface NamedStage extends Stage {
  readonly name: string;
}

/**
 * Stages under the names and shapes of TransformerLens (`blocks.N.attn.hook_pattern` [1, head, query, key], `hook_q` [1,
 * position, head, size], …) or of Hugging Face (`attentions.N` [1, head, query, key], `hidden_states.N` [1, position,
 * hidden]): what BertViz and CircuitsVis take. Throws `noNames`, saying which stages have one.
 */
export function namedStages(trace: Trace, chosen: ReadonlyMap<StageName, Stage>, names: StageNames): NamedStage[] {
  if (names === 'siseon') return [...chosen].map(([name, stage]) => ({ name, ...stage }));
  // Without this a file of logits alone would pass for the whole of an encoder-decoder's trace.
  const own = trace.model.architecture.encoder && names === 'transformerlens' ? 'encoder.layers.0.weights' : null;
  return [...chosen].map(([asked, stage]) => {
    const name = own ?? asked;
    const known = nameOf(trace, name, names);
    if (known === null)
      throw new SiseonError({
        code: 'noNames',
        kind: 'usage',
        what: `${names === 'huggingface' ? 'Hugging Face' : 'TransformerLens'} has no name for "${name}" of this model`,
        expected: knownElsewhere(trace, names).join(', '),
        details: { name },
      });
    return { name: known, ...batched(name, stage, names) };
  });
}

/** Our stages of this trace that have a name there. */
export const knownElsewhere = (trace: Trace, names: StageNames): StageName[] =>
  traceStages(trace).filter((name) => nameOf(trace, name, names) !== null);

function nameOf(trace: Trace, name: StageName, names: StageNames): string | null {
  if (name === 'logits') return 'logits';
  const [, side = '', layer = '', cross = '', stage = ''] =
    /^(encoder\.|decoder\.)?layers\.(\d+)(\.cross)?\.(\w+)$/.exec(name) ?? [];
  if (stage === '') return null;
  return names === 'huggingface'
    ? huggingFaceName(side, layer, cross, stage)
    : transformerLensName(trace, side, layer, stage);
}

function huggingFaceName(side: string, layer: string, cross: string, stage: string): string | null {
  const of = side.replace('.', '_');
  if (stage === 'weights') return cross ? `cross_attentions.${layer}` : `${of}attentions.${layer}`;
  return stage === 'input' ? `${of}hidden_states.${layer}` : null;
}

/** Hooks that mean the same; it has no encoder-decoders with cross-attention in these names, and hook_q is before rotation. */
function transformerLensName(trace: Trace, side: string, layer: string, stage: string): string | null {
  const { architecture: a } = trace.model;
  if (side !== '') return null;
  const block = `blocks.${layer}`;
  const rotated = a.layers[Number(layer)]!.rotary !== null;
  const turned = (which: 'q' | 'k'): string | null =>
    rotated ? `${block}.attn.hook_rot_${which}` : a.queryKeyNorm ? null : `${block}.attn.hook_${which}`;
  const normedAfter = a.normPlacement === 'after';
  switch (stage) {
    case 'input':
      return `${block}.hook_resid_pre`;
    case 'query':
      return turned('q');
    case 'key':
      return turned('k');
    case 'value':
      return `${block}.attn.hook_v`;
    case 'maskedScores':
      return `${block}.attn.hook_attn_scores`;
    case 'weights':
      return `${block}.attn.hook_pattern`;
    case 'mixed':
      return `${block}.attn.hook_z`;
    case 'headOutput':
      return `${block}.attn.hook_result`;
    case 'attentionOutput':
      return a.normPlacement === 'output' || a.normPlacement === 'both' ? null : `${block}.hook_attn_out`;
    case 'feedForward':
      return a.normPlacement === 'output' || a.normPlacement === 'both' ? null : `${block}.hook_mlp_out`;
    case 'output':
      return normedAfter ? `${block}.hook_normalized_resid_post` : `${block}.hook_resid_post`;
    default:
      return null;
  }
}

/** A batch of one; TransformerLens has positions before heads where ours have heads first, but for squares. */
function batched(name: StageName, { shape, data }: Stage, names: StageNames): Stage {
  const positionsFirst = names === 'transformerlens' && /\.(query|key|value|mixed|headOutput)$/.test(name);
  if (!positionsFirst) return { shape: [1, ...shape], data };
  const [heads = 0, positions = 0, size = 0] = shape;
  const out = new Float32Array(data.length);
  for (let h = 0; h < heads; h++)
    for (let i = 0; i < positions; i++)
      out.set(data.subarray((h * positions + i) * size, (h * positions + i + 1) * size), (i * heads + h) * size);
  return { shape: [1, positions, heads, size], data: out };
}
