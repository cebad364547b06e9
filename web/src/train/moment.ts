/** A moment of a training as an address names it: its step and the training itself, which trained again comes by the same. */
import { readSettings, type Settings, writeSettings } from './settings.ts';

export interface Moment {
  readonly step: number;
  /** As `trainingKey` says it. */
  readonly training: string;
}

/** All that a training depends on: its settings, and of one's own text the mark by which the same one is known again. */
export const trainingKey = (settings: Settings, text: string): string =>
  settings.task === 'own' ? `${writeSettings(settings)},${markOf(text)}` : writeSettings(settings);

/** Eight hex digits (FNV-1a over its UTF-16 units): they tell texts apart, and nothing of a text can be read off them. */
function markOf(text: string): string {
  let mark = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) mark = Math.imul(mark ^ text.charCodeAt(i), 0x01000193);
  return (mark >>> 0).toString(16).padStart(8, '0');
}

export const settingsOf = ({ training }: Moment): Settings => readSettings(training);

export const writeMoment = ({ step, training }: Moment): string => `${step},${training}`;

/** null for what names no moment that a training can have. */
export function readMoment(text: string): Moment | null {
  const [, digits, training = ''] = /^(\d{1,5}),(.+)$/.exec(text) ?? [];
  const settings = readSettings(training);
  const [step, mark] = [Number(digits), settings.task === 'own' ? /,[0-9a-f]{8}$/.exec(training)?.[0] : ''];
  return mark !== undefined && training === writeSettings(settings) + mark && step <= settings.steps
    ? { step, training }
    : null;
}
