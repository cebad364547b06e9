/** Six letters and the same letters sorted: `d b c a a b > a a b b c d`. To repair one, a model has to look at the others. */
export function writeText(random) {
  const letters = Array.from({ length: 6 }, () => 'abcd'[Math.floor(random() * 4)]);
  return `${letters.join(' ')} > ${letters.toSorted().join(' ')}`;
}
