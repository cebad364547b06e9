export {
  type Ablation,
  ablationSweep,
  ablations,
  allHeads,
  type HeadEffect,
  type HeadPlace,
} from './ablate.ts';
export { alignTokens, type Span } from './align.ts';
export { cacheMatrix, cachePatterns, looksBackOnly } from './cachePatterns.ts';
export { type Circuit, type Circuits, circuits, effectiveRank } from './circuits.ts';
export { alignByWord, type Comparison, compareRuns } from './compare.ts';
export { readConllu, type TreeSentence, type TreeWord } from './conllu.ts';
export { type DirectPart, directLogits, type LensLayer, logitLens } from './direct.ts';
export { type Faithfulness, faithfulness } from './faithful.ts';
export { chooseHead, defaultWord, findWord } from './find.ts';
export {
  type GradientRows,
  gradientAttention,
  gradientAttentionByToken,
  type IntegratedGradients,
  integratedGradients,
  relevance,
} from './gradient.ts';
export { type HeadChoice, look, pair, wordGroups, wordMatrix } from './look.ts';
export { embedText, type LibraryEntry, type LookupResult, lookup, nothingKnown, spelledOut } from './lookup.ts';
export { type Context, similarContexts } from './nearest.ts';
export { type LayerNorms, layerNorms } from './norms.ts';
export { longestOverview, type Overview, overview } from './overview.ts';
export {
  type Alignment,
  attributionSweep,
  type PatchEffect,
  type PatchReport,
  patchFrom,
  patchSweep,
  pathPatch,
  replaced,
  sameLength,
} from './patch.ts';
export { type Mass, type Pattern, patternOf, type RoleName, roleNames, type WeightRows } from './pattern.ts';
export { type Answer, answers, type QuestionName, questionNames } from './questions.ts';
export {
  type Direction,
  type RelationOptions,
  type RelationReport,
  type RelationRow,
  relationReport,
} from './relations.ts';
export { type Remix, remix } from './remix.ts';
export {
  type HeadFigures,
  type HeadsOptions,
  type HeadsReport,
  headsReport,
  type Role,
  repeatedSequences,
  tokenIds,
} from './roles.ts';
export { attentionFlow, contributionMixing, longestFlow, rollout, weightMixing } from './rollout.ts';
export { layerRows } from './rows.ts';
export { binomialTail, corrected, mean, meanInterval, type Share, wilson } from './statistics.ts';
export { type Part, residualStream, type Stream } from './stream.ts';
export { logitsAt as logitsFor, prediction, type Target, targetOf, tokenName } from './target.ts';
export type { Look, LookKey, LookToken, LookWord, Pair, WordMatrix } from './types.ts';
export { type Why, why } from './why.ts';
export { valueZeroing } from './zeroing.ts';
