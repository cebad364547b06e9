/** The room "Train" in the address. */
import { type Moment, readMoment, trainingKey, writeMoment } from './moment.ts';
import { readSettings, type Settings, writeSettings } from './settings.ts';

export interface Training {
  readonly settings: Settings;
  /** One's own text to train on; a long one is not put into the address. */
  readonly text: string;
}

/** Longer texts stay out of the address. */
export const longestLinked = 2000;

const linked = (text: string): string => (text.length <= longestLinked ? text.toWellFormed() : '');

/** `checkpoint`: the one that is looked at; null: the newest. */
export function writeTraining({ settings, text }: Training, checkpoint: Moment | null): string[] {
  const told = settings.task === 'own' ? linked(text) : '';
  return [
    `p=${writeSettings(settings)}`,
    ...(told === '' ? [] : [`x=${encodeURIComponent(told)}`]),
    ...(checkpoint === null ? [] : [`at=${momentBeside(checkpoint, trainingKey(settings, told))}`]),
  ];
}

/** Of the training that the address tells anyway the step says which moment it is. */
const momentBeside = (moment: Moment, training: string): string =>
  moment.training === training ? `${moment.step}` : writeMoment(moment);

export function readTraining(values: URLSearchParams): Training {
  const settings = readSettings(values.get('p'));
  return { settings, text: (settings.task === 'own' ? values.get('x') : null) ?? '' };
}

/** The checkpoint that is looked at; null: the newest. */
export function readCheckpoint(values: URLSearchParams): Moment | null {
  const [written, { settings, text }] = [values.get('at') ?? '', readTraining(values)];
  return readMoment(/^\d+$/.test(written) ? `${written},${trainingKey(settings, text)}` : written);
}

/** What `readTraining` and `readCheckpoint` leave out, as it was written: of settings that are as many as they should be, one by one. */
export function unreadTraining(values: URLSearchParams): string[] {
  const [written, text, at] = [values.get('p'), values.get('x'), values.get('at')];
  const { settings } = readTraining(values);
  return [
    ...(written === null ? [] : unused(written.split(','), writeSettings(settings).split(','))).map(
      (each) => `p=${each}`,
    ),
    ...(text === null || settings.task === 'own' ? [] : [`x=${text}`]),
    ...(at === null || readCheckpoint(values) ? [] : [`at=${at}`]),
  ];
}

const unused = (written: readonly string[], used: readonly string[]): readonly string[] =>
  written.length === used.length
    ? written.filter((each, i) => each !== used[i])
    : written.join() === used.join()
      ? []
      : [written.join()];
