export { alignTokens, type Span } from './align.ts';
export { readConllu, type TreeSentence, type TreeWord } from './conllu.ts';
export { chooseHead, defaultWord, findWord } from './find.ts';
export { type HeadChoice, look, pair, wordMatrix } from './look.ts';
export { embedText, type LibraryEntry, type LookupResult, lookup } from './lookup.ts';
export {
  type Direction,
  type RelationOptions,
  type RelationReport,
  type RelationRow,
  relationReport,
} from './relations.ts';
export { type Remix, remix } from './remix.ts';
export { binomialTail, corrected, mean, meanInterval, type Share, wilson } from './statistics.ts';
export type { Look, LookKey, LookToken, LookWord, Pair, WordMatrix } from './types.ts';
