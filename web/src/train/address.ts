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

export function readTraining(values: URLSearchParams): Training {
  const settings = readSettings(values.get('p'));
  return { settings, text: (settings.task === 'own' ? values.get('x') : null) ?? '' };
}

/** What `readTraining` leaves out, as it was written: of settings that are as many as they should be, one by one. */
export function unreadTraining(values: URLSearchParams): string[] {
  const [written, text] = [values.get('p'), values.get('x')];
  const { settings } = readTraining(values);
  return [
    ...(written === null ? [] : unused(written.split(','), writeSettings(settings).split(','))).map(
      (each) => `p=${each}`,
    ),
    ...(text === null || settings.task === 'own' ? [] : [`x=${text}`]),
  ];
}

const unused = (written: readonly string[], used: readonly string[]): readonly string[] =>
  written.length === used.length
    ? written.filter((each, i) => each !== used[i])
    : written.join() === used.join()
      ? []
      : [written.join()];
