import stringWidth from 'string-width';
import type { HubProgress } from '../platform/index.ts';
import type { Language } from '../views/language.ts';

/** Where nobody watches, a line is written only this often; milliseconds. */
const SELDOM = 10_000;
const OFTEN = 100;

/** What is written to, as `process.stderr`. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Megabytes that came and will come, and the time left: one line of a terminal, written anew; elsewhere a line now and then. */
export function downloadLine(
  language: Language,
  output: Output = process.stderr,
  clock: () => number = () => performance.now(),
): { tell: (progress: HubProgress) => void; stop: () => void } {
  const watched = Boolean(output.isTTY);
  let next = -Infinity;
  let before = '';
  return {
    tell(progress) {
      const now = clock();
      if (now < next && progress.done < progress.total) return;
      next = now + (watched ? OFTEN : SELDOM);
      const line = downloadText(progress, language, watched ? (output.columns ?? 80) - 1 : Infinity);
      if (line === before) return;
      before = line;
      output.write(watched ? `\r\u001b[K${line}` : `${line}\n`);
    },
    stop: () => {
      if (before && watched) output.write('\r\u001b[K');
    },
  };
}

/** The line, its file's name shortened to the columns that there are. */
function downloadText({ file, done, total, secondsLeft }: HubProgress, language: Language, columns: number): string {
  const ko = language === 'ko';
  const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
  const time = secondsLeft === null || done >= total ? '' : timeText(secondsLeft, ko);
  const left = time && (ko ? `, ${time} 남음` : `, ${time} left`);
  const [head, tail] = [ko ? '내려받는 중 ' : 'fetching ', `: ${megabytes(done)} / ${megabytes(total)} MB${left}`];
  const room = columns - stringWidth(head) - stringWidth(tail);
  const name = file.length <= room ? file : room > 1 ? `…${file.slice(1 - room)}` : '';
  return `${head}${name}${tail}`;
}

function timeText(seconds: number, ko: boolean): string {
  if (seconds < 90) return ko ? `${Math.ceil(seconds)}초` : `${Math.ceil(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return ko ? `${minutes}분` : `${minutes} min`;
  const hours = (seconds / 3600).toFixed(1);
  return ko ? `${hours}시간` : `${hours} h`;
}
