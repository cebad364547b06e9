/** Objects of options, as programs without types give them too: a name that is not known is most likely misspelt. */
import { closest, distance } from 'fastest-levenshtein';
import { SiseonError } from './errors.ts';

/** The names that options may have, all of them: `{ name: true, … }`. */
export type Known<T> = Readonly<Record<keyof T, true>>;

/** Every name in `options` is known. Throws `unknownOption`, with the nearest name there is. `where`: whose options they are. */
export function knownOnly<T>(where: string, options: T & object, known: Known<T>): void {
  for (const name in options) {
    if (Object.hasOwn(known, name)) continue;
    const names = Object.keys(known);
    const nearest = closest(name, names);
    const near = distance(name, nearest) <= Math.max(2, nearest.length / 3);
    throw new SiseonError({
      code: 'unknownOption',
      kind: 'usage',
      what: `${where} has no option ${name}`,
      expected: `one of ${names.join(', ')}`,
      got: name,
      next: near ? `Did you mean ${nearest}?` : 'Leave it away.',
      details: { where, name, nearest: near ? nearest : null, names },
    });
  }
}
