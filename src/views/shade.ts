/** How deep a colour is: the one rule of every picture that shows numbers as colours. */

/**
 * How deep the colour of a share of the full colour is, both 0 to 1: the share itself, and its square root in a text of more
 * than 30 entries, where each has so little of a row that it could not be told from the ground. One scale serves every head
 * and text. A sign is kept. Reports hold it as it is written here, so it uses nothing from around it.
 */
export function shade(share: number, count: number): number {
  return count > 30 ? Math.sign(share) * Math.sqrt(Math.abs(share)) : share;
}

/** Whether colours of a text of so many entries go by the square root. */
export const rooted = (count: number): boolean => shade(0.25, count) > 0.25;
