/**
 * How numbers are written, at a glance and with all their digits: alike in texts, in pictures and on pages. One function that
 * uses nothing from around it, so that a report can carry it as it stands.
 */
export function numerals() {
  /** So many decimals, with a real minus; what rounds to 0 has none. */
  const fixed = (number: number, decimals: number): string => {
    const text = number.toFixed(decimals);
    return Number(text) === 0 ? text.replace('-', '') : text.replace('-', '−');
  };
  /** Two decimals where the largest number is about 1; of smaller ones one more than its first digit needs, down to 0.001; below, scientific. */
  const measured = (number: number, range: number): string => {
    if (range >= 100) return fixed(number, 0);
    if (range >= 0.1) return fixed(number, 2);
    if (range >= 0.001) return fixed(number, Math.ceil(-Math.log10(range)) + 1);
    return number === 0 ? '0' : number.toExponential(1).replaceAll('-', '−');
  };
  /** With a power of ten, which no line parts from its digits: 2.3 × 10¹⁶. */
  const scientific = (number: number, digits = 2): string => {
    const [lead = '', power] = number.toExponential(digits - 1).split('e');
    const raised = [...String(Number(power))].map((sign) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(sign)] ?? '⁻').join('');
    return number === 0 ? '0' : `${lead.replace('-', '−')}\u00a0×\u00a010${raised}`;
  };
  /** As many digits as 32 bits hold. */
  const whole = (number: number): string => {
    const text = String(Number(number.toPrecision(7)));
    return text.includes('e') ? scientific(number, 7) : text.replace('-', '−');
  };
  return { fixed, measured, scientific, whole };
}

export const { fixed, measured, scientific, whole } = numerals();
/** A weight or share at a glance. */
export const two = (number: number): string => fixed(number, 2);
