/**
 * English and Korean with the same names in braces: `{x}` is anything, `{@x}` one word and `{#x}` a number. In Korean `{x:을}` stands for the
 * name and its particle.
 */
export type Phrase = readonly [english: string, korean: string];
