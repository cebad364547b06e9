export { chooseHead, defaultWord, findWord } from './find.ts';
export { type HeadChoice, look, pair, wordMatrix } from './look.ts';
export { embedText, type LibraryEntry, type LookupResult, lookup } from './lookup.ts';
export { type Remix, remix } from './remix.ts';
export type { Look, LookKey, LookToken, LookWord, Pair, WordMatrix } from './types.ts';
