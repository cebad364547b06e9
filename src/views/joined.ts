const joiner = '\u2060';

/** Where a line may not break: behind a closing sign before a syllable or what is put in there, and before a bracket. */
const seams = /(?<=[’”」)%|])(?=[가-힣]|\$\{)|(?<=[가-힣])(?=\()/g;

/**
 * Korean for a page that breaks it into lines. A browser that keeps words whole breaks between a sign and a letter all the
 * same, and a particle at the beginning of a line belongs to nothing: a word joiner (U+2060), which nobody sees, keeps
 * ‘사과를’의, 9%예요 and 질문(Query)이 in one piece. The text may be the source of a template.
 */
export const joined = (text: string): string => text.replace(seams, joiner);
