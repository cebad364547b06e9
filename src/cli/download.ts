import type { HubProgress } from '../platform/index.ts';
import type { Language } from '../views/language.ts';

/** Where nobody watches, a line is written only this often; milliseconds. */
const SELDOM = 10_000;

/** One line on stderr: megabytes that came and will come, and the time left. */
export function downloadLine(language: Language): { tell: (progress: HubProgress) => void; stop: () => void } {
  const watched = Boolean(process.stderr.isTTY);
  let last = 0;
  let written = false;
  const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
  return {
    tell({ file, done, total, secondsLeft }) {
      const now = performance.now();
      if (now - last < (watched ? 100 : SELDOM) && done < total) return;
      last = now;
      written = true;
      const left =
        secondsLeft === null
          ? ''
          : language === 'ko'
            ? `, ${time(secondsLeft, '분', '초')} 남음`
            : `, ${time(secondsLeft, ' min', ' s')} left`;
      const line = `${language === 'ko' ? '내려받는 중' : 'fetching'} ${file}: ${megabytes(done)} / ${megabytes(total)} MB${left}`;
      process.stderr.write(watched ? `\r\u001b[K${line}` : `${line}\n`);
    },
    stop: () => {
      if (written && watched) process.stderr.write('\r\u001b[K');
    },
  };
}

const time = (seconds: number, minutes: string, rest: string): string =>
  seconds >= 90 ? `${Math.round(seconds / 60)}${minutes}` : `${Math.ceil(seconds)}${rest}`;
