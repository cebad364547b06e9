/** The room "Train" in the address. */
import { readSettings, type Settings, writeSettings } from './settings.ts';

export interface Training {
  readonly settings: Settings;
  /** One's own text to train on; a long one is not put into the address. */
  readonly text: string;
}

/** Longer texts stay out of the address. */
export const longestLinked = 2000;

export const writeTraining = ({ settings, text }: Training): string[] => [
  `p=${writeSettings(settings)}`,
  ...(settings.task === 'own' && text !== '' && text.length <= longestLinked
    ? [`x=${encodeURIComponent(text.toWellFormed())}`]
    : []),
];

export const readTraining = (values: URLSearchParams): Training => ({
  settings: readSettings(values.get('p')),
  text: values.get('x') ?? '',
});
