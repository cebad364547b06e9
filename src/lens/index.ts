export { type Ablation, ablationSweep, ablations, type HeadEffect, type MeasuredText } from './ablate.ts';
export { alignTokens, type Span } from './align.ts';
export { attentionFlow, longestFlow } from './attentionFlow.ts';
export { cacheMatrix, cachePatterns, looksBackOnly } from './cachePatterns.ts';
export { cell } from './cell.ts';
export { type Circuit, type Circuits, type CopyingTest, circuits, effectiveRank } from './circuits.ts';
export { type Comparison, type ComparisonOptions, compareRuns, sameVocabulary } from './compare.ts';
export { readConllu, type TreeSentence, type TreeWord } from './conllu.ts';
export { type DirectPart, directLogits, type LensLayer, logitLens } from './direct.ts';
export { type Faithfulness, type FaithfulnessOptions, faithfulness, randomOrders } from './faithful.ts';
export { chooseHead, choosePlace, defaultWord, findWord } from './find.ts';
export {
  type GradientRow,
  type GradientRows,
  gradientAttention,
  gradientAttentionByToken,
  type IntegratedGradients,
  integratedGradients,
} from './gradient.ts';
export { type ImportanceName, importance, importanceNames } from './importance.ts';
export { type Group, type HeadChoice, look, textsAt, wordGroups, wordMatrix } from './look.ts';
export { embedText, type LibraryEntry, type LookupResult, lookup, nothingKnown, spelledOut } from './lookup.ts';
export { type Context, type CorpusText, positionLeftOut, similarContexts } from './nearest.ts';
export { type LayerNorms, layerNorms, type NormRow } from './norms.ts';
export { longestOverview, type Overview, type OverviewPart, overview } from './overview.ts';
export { pair } from './pair.ts';
export { type Aligned, type Alignment, alignRuns, alignTexts, sameLength } from './pairing.ts';
export { attributionSweep, type PatchEffect, type PatchReport, patchFrom, patchSweep, replaced } from './patch.ts';
export { type Path, pathPatch, pathSweep } from './path.ts';
export {
  layerPatterns,
  type Mass,
  type Pattern,
  PatternCount,
  patternOf,
  type RoleName,
  roleNames,
} from './pattern.ts';
export { allHeads, attentionPlaces, type HeadPlace, type WhichText } from './places.ts';
export { type Answer, answers, type QuestionName, questionNames } from './questions.ts';
export {
  type Direction,
  type RelationOptions,
  type RelationReport,
  type RelationRow,
  relationReport,
} from './relations.ts';
export { relevance } from './relevance.ts';
export { type Remix, remix } from './remix.ts';
export {
  type HeadFigures,
  type HeadsOptions,
  type HeadsReport,
  headsReport,
  type Role,
  repeatedSequences,
} from './roles.ts';
export { contributionMixing, type MixedRow, type RolloutOptions, rollout, weightMixing } from './rollout.ts';
export { headRows, type WeightRows } from './rows.ts';
export { squareFrom } from './squareFrom.ts';
export { binomialTail, corrected, mean, meanInterval, type Share, studentTail, wilson } from './statistics.ts';
export { type Part, residualStream, type Stream, type StreamPlace } from './stream.ts';
export {
  type Followed,
  followed,
  isScore,
  type LabelTarget,
  likeliest,
  logitsAt as logitsFor,
  prediction,
  readAt,
  scoresOf,
  type Target,
  targetOf,
  tokenName,
} from './target.ts';
export type {
  Cell,
  Look,
  LookKey,
  LookToken,
  LookWord,
  Pair,
  PairSide,
  PositionTerm,
  Rotation,
  WordMatrix,
} from './types.ts';
export { type Why, why } from './why.ts';
export { valueZeroing } from './zeroing.ts';
