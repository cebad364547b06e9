const joiner = '\u2060';

/** Where a line may not break: behind a closing sign before a syllable or what is put in there, at a norm, and before a bracket. */
const seams = /(?<=[’”」)%‖|])(?=[가-힣]|\$\{)|(?<=[가-힣])(?=\()/g;

/** The noun of ‘볼 수 있다’, which stands for nothing without the verbs on either side. */
const bound = /(?<=[가-힣]) 수 (?=[있없])/g;

/**
 * Korean for a page that breaks it into lines. A browser that keeps words whole breaks between a sign and a letter all the
 * same, and a particle at the beginning of a line belongs to nothing: a word joiner (U+2060), which nobody sees, keeps
 * ‘사과를’의, 9%예요 and 질문(Query)이 in one piece, and blanks that do not break 볼 수 있어요. The text may be the source of a
 * template.
 */
export const joined = (text: string): string => text.replace(seams, joiner).replace(bound, '\u00a0수\u00a0');
