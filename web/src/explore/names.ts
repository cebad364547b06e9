/** Names of heads as the page writes them. */
import { engine } from '../engine/client.svelte.ts';
import * as m from '../paraglide/messages.js';

const roleNames: Record<string, () => string> = {
  object: m.head_role_object,
  subject: m.head_role_subject,
  manner: m.head_role_manner,
};

/** What a head was found to look at, with how often on development sentences where the model says so; empty for most. */
export const headRole = (layer: number, head: number): string =>
  Object.entries(engine.model?.roles ?? {})
    .filter(([, found]) => found.layer === layer && found.head === head)
    .map(([role, { development }]) => {
      const name = roleNames[role]?.() ?? role;
      return development === undefined ? name : `${name} ${Math.round(development * 100)}%`;
    })
    .join(', ');

export const headName = (layer: number, head: number): string => `L${layer}·H${head}`;

/** The name with the role behind it. */
export const fullHeadName = (layer: number, head: number): string => {
  const role = headRole(layer, head);
  return `${headName(layer, head)}${role ? ` (${role})` : ''}`;
};
