export { cacheText } from './cache.ts';
export { alignedOrLong, caption, fixed, illustration, two } from './caption.ts';
export {
  comparisonText,
  type Effects,
  effectsSvg,
  effectsText,
  measuresSvg,
  measuresText,
  type WordMeasures,
} from './effects.ts';
export { headsSvg, headsText, roleText } from './heads.ts';
export { type Language, languageOf, particle } from './language.ts';
export { lookupSvg } from './lookup.ts';
export { type ArcMark, type ColumnMarks, columnMarks, type LookMarks, lookMarks, type WordMark } from './marks.ts';
export { type GazeLine, type GazeLines, gazeLines, matrixCsv, matrixSvg } from './matrix.ts';
export { type PlaneArrow, type QueryPlane, queryPlane } from './plane.ts';
export { beatsRules, type RelationView, relationsSvg, relationsText } from './relations.ts';
export { reportHtml } from './report.ts';
export { lookSvg } from './svg.ts';
export { lookText, lookupText, matrixText, pairText, type TextOptions } from './text.ts';
