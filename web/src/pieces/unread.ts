import * as m from '../paraglide/messages.js';

/** What is said of a text that has nothing to read: the first of the signs in it that nobody sees; where it holds none, `empty`. */
export const unread = (signs: readonly string[] | undefined, empty: () => string = m.error_empty): string =>
  signs?.length ? m.error_unseen({ signs: signs.slice(0, 5).join(', ') }) : empty();
