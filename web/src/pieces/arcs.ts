/** Arcs of the package's marks as SVG paths: above a row of words, and to the left of a column. */
import type { ArcMark } from 'siseon/views';

export const arcAcross = ({ from, to, height }: ArcMark): string =>
  `M${from} 0C${from} ${-height} ${to} ${-height} ${to} 0`;

export const arcDown = ({ from, to, height }: ArcMark): string =>
  `M0 ${from}C${-height} ${from} ${-height} ${to} 0 ${to}`;
