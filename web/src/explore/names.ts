/** Names of heads, roles and lenses as the page writes them. */
import type { Change, PasteStage } from '../engine/change.ts';
import { engine } from '../engine/client.svelte.ts';
import type { LensName, ReachName } from '../engine/lens.ts';
import { numeral } from '../numerals.ts';
import * as m from '../paraglide/messages.js';
import { named } from './named.svelte.ts';

const relationNames: Record<string, () => string> = {
  object: m.head_role_object,
  subject: m.head_role_subject,
  manner: m.head_role_manner,
};

/** What a pattern of looking is called. */
export const roleTitles = {
  previous: m.explore_role_previous,
  next: m.explore_role_next,
  self: m.explore_role_self,
  sink: m.explore_role_sink,
  duplicate: m.explore_role_duplicate,
  induction: m.explore_role_induction,
  copying: m.explore_role_copying,
} as const;

/** The same where a picture is no wider than a short word. */
const briefRoleTitles = {
  previous: m.explore_role_brief_previous,
  next: m.explore_role_brief_next,
  self: m.explore_role_brief_self,
  sink: m.explore_role_brief_sink,
  duplicate: m.explore_role_brief_duplicate,
  induction: m.explore_role_brief_induction,
  copying: m.explore_role_brief_copying,
} as const;

/**
 * What a head was found to look at, with the number that earned it the name: how often on development sentences, where the
 * model says so; how much of its weight, where it was measured here. Empty for most.
 * In brief without the number.
 */
export function headRole(layer: number, head: number, brief = false): string {
  const told = Object.entries(engine.model?.roles ?? {})
    .filter(([, found]) => found.layer === layer && found.head === head)
    .map(([role, { development }]) => {
      const name = relationNames[role]?.() ?? role;
      return brief || development === undefined ? name : `${name} ${numeral(development * 100, 0)}%`;
    });
  const measured = (named.model === engine.version ? (named.heads ?? []) : [])
    .filter((found) => found.layer === layer && found.head === head)
    .map(({ name, value }) => (brief ? briefRoleTitles[name]() : `${roleTitles[name]()} ${numeral(value)}`));
  return [...told, ...measured].join(', ');
}

export const headName = (layer: number, head: number): string => `L${layer}·H${head}`;

/** What was done to a head as a whole. */
export const headChangeSaid = (change: Extract<Change, { kind: 'silence' | 'temperature' }>): string => {
  const head = headName(change.layer, change.head);
  return change.kind === 'silence'
    ? m.explore_silenced({ head })
    : m.explore_heated({ head, temperature: numeral(change.temperature) });
};

/** The name with the role behind it. */
export const fullHeadName = (layer: number, head: number): string => {
  const role = headRole(layer, head);
  return `${headName(layer, head)}${role ? ` (${role})` : ''}`;
};

export const lensTitles: Readonly<Record<LensName, () => string>> = {
  weight: m.lens_weight,
  contribution: m.lens_contribution,
  gradient: m.lens_gradient,
  together: m.lens_together,
  residual: m.lens_residual,
  zeroing: m.lens_zeroing,
};
/** One sentence each: what the number means. */
export const lensMeanings: Readonly<Record<LensName, () => string>> = {
  weight: m.lens_weight_means,
  contribution: m.lens_contribution_means,
  gradient: m.lens_gradient_means,
  together: m.lens_together_means,
  residual: m.lens_residual_means,
  zeroing: m.lens_zeroing_means,
};

export const reachTitles: Readonly<Record<ReachName, () => string>> = {
  rollout: m.reach_rollout,
  byContribution: m.reach_by_contribution,
  gradient: m.reach_gradient,
  relevance: m.reach_relevance,
  flow: m.reach_flow,
  integrated: m.reach_integrated,
};
export const reachMeanings: Readonly<Record<ReachName, () => string>> = {
  rollout: m.reach_rollout_means,
  byContribution: m.reach_by_contribution_means,
  gradient: m.reach_gradient_means,
  relevance: m.reach_relevance_means,
  flow: m.reach_flow_means,
  integrated: m.reach_integrated_means,
};

export const stageTitles: Readonly<Record<PasteStage, () => string>> = {
  embeddings: m.stage_embeddings,
  query: m.stage_query,
  key: m.stage_key,
  value: m.stage_value,
  mixed: m.stage_mixed,
  output: m.stage_output,
};
