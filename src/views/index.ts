export { seen, unseen, unseenSigns } from '../model/unseen.ts';
export { type ArcMark, arcMark } from './arc.ts';
export { type BarGroup, type Bars, barsSvg, barsText } from './bars.ts';
export { cacheRemarks, cacheSvg, cacheText } from './cache.ts';
export { alignedOrLong, caption, illustration, type Manner } from './caption.ts';
export {
  comparisonText,
  type Effects,
  effectsSvg,
  effectsText,
  measuresSvg,
  measuresText,
  type WordMeasures,
} from './effects.ts';
export { type Grid, gridLines, gridSvg } from './grid.ts';
export { headsSvg, headsText, roleText } from './heads.ts';
export { adaptive, legible } from './ink.ts';
export { joined } from './joined.ts';
export { type Language, languageOf, particle } from './language.ts';
export { lookupText } from './lookup.ts';
export { lookupSvg } from './lookupPicture.ts';
export { type ColumnMarks, columnMarks, type LookMarks, lookMarks, type WordMark } from './marks.ts';
export {
  type GazeLine,
  type GazeLines,
  gazeLines,
  type Matrix,
  type Measure,
  matrixCsv,
} from './matrix.ts';
export {
  type Letters,
  type MatrixMarks,
  type MatrixWords,
  matrixMarks,
  matrixSvg,
  matrixWords,
  type PictureCell,
  type PictureOptions,
} from './matrixPicture.ts';
export { fixed, measured, scientific, two, whole } from './numerals.ts';
export { pairBars, pairText } from './pair.ts';
export { type PlaneArrow, type QueryPlane, queryPlane } from './plane.ts';
export { beatsRules, type RelationView, relationsSvg, relationsText } from './relations.ts';
export { reportHtml } from './report/html.ts';
export { rooted, shade } from './shade.ts';
export {
  type CellMark,
  type Point,
  type SquareMarks,
  type SquareNumbers,
  type SquarePlace,
  squareMarks,
  squareNumbers,
} from './squareMarks.ts';
export { lookSvg } from './svg.ts';
export { lookText, matrixText, type TextOptions } from './text.ts';
