/** What went wrong, in the reader's language; never a stack trace. */
import { koreanPhrase, koreanText } from '../korean/index.ts';
import { seen } from '../model/unseen.ts';
import { SiseonError } from '../platform/errors.ts';
import { type Language, particle } from '../views/language.ts';

/** One message and the exit code: 2 for what was asked wrongly, 1 for what is broken. SISEON_DEBUG=1 shows the stack. */
export function explain(error: unknown, language: Language): { message: string; exitCode: 1 | 2 } {
  const label = language === 'ko' ? '오류' : 'error';
  if (process.env.SISEON_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  if (!(error instanceof SiseonError)) {
    const text = error instanceof Error ? error.message : String(error);
    return {
      message: `${label}: ${text.split('\n')[0]} (SISEON_DEBUG=1 ${language === 'ko' ? '을 두면 자세히 보여요' : 'shows where'})`,
      exitCode: 1,
    };
  }
  const text = language === 'ko' ? koreanText(error) : undefined;
  return { message: `${label}: ${text ?? error.message}`, exitCode: error.kind === 'usage' ? 2 : 1 };
}

/** Of a loading that Ctrl-C ended. */
export const cancelled = (): SiseonError =>
  new SiseonError({
    code: 'cancelled',
    kind: 'failure',
    what: 'stopped',
    next: 'What came is kept; the same command goes on from there.',
  });

/** Of output that its reader could not take: a full disk behind a pipe or a redirection. */
export const cannotPrint = (cause: Error): SiseonError =>
  new SiseonError({
    code: 'cannotPrint',
    kind: 'failure',
    what: `cannot write to the standard output: ${cause.message}`,
    cause,
  });

/** That a model of the hub was read from the cache, and why, for stderr. */
export const keptNotice = (
  model: string,
  { commit, why }: { readonly commit: string; readonly why: SiseonError },
  language: Language,
): string => {
  const refused = why.code === 'hubRefused';
  const short = commit.slice(0, 8);
  return language === 'ko'
    ? `알림: 허브가 ${refused ? `${model}${particle(model, '을')} 내주지 않아` : `답하지 않아(${koreanPhrase(`${why.details.problem}`)})`} 캐시에 있는 판 ${short}${particle(short, '을')} 읽어요.`
    : `notice: the hub ${refused ? `does not give out ${model} (${why.details.status})` : `does not answer (${why.details.problem})`}; read from the cache instead, revision ${short}.`;
};

/** A remark about the text, for stderr. `count`: how often the same stands in it. */
export function notice(
  { code, text, start }: { readonly code: string; readonly text: string; readonly start: number },
  language: Language,
  count = 1,
): string {
  const shown = seen(text.slice(0, 40));
  if (code === 'decomposed')
    return language === 'ko'
      ? '알림: 글이 자모로 풀려 있어요(NFD, macOS의 파일 이름 등). 이 모델은 합친 글(NFC)을 다르게 읽어요. --nfc를 붙이면 합쳐서 읽어요.'
      : 'notice: the text is decomposed (NFD, as macOS writes names), and this model reads composed text (NFC) differently. --nfc composes it first.';
  if (language === 'ko') {
    const why: Readonly<Record<string, string>> = {
      loneSurrogate: '짝이 없는 대리 문자여서 글자로 읽히지 않아요.',
      unseen: '눈에 보이지 않지만 글에 들어 있어요.',
      unknownWord: '이 모델의 어휘로 쓸 수 없는 글자가 있어 통째로 [UNK]로 읽어요.',
      droppedCharacter: '이 모델의 어휘로 쓸 수 없어 빠져요.',
    };
    return `알림: ${start}번째 글자 ${shown}${particle(shown, '은')} ${why[code] ?? '이 모델이 모르는 글자여서 [UNK]로 읽어요.'}${count > 1 ? ` 모두 ${count}번 나와요.` : ''}`;
  }
  const why: Readonly<Record<string, string>> = {
    loneSurrogate: 'half of a character and cannot be read as one.',
    unseen: 'not seen, though the text holds it.',
    unknownWord: 'read as one [UNK]: the vocabulary lacks a character of it.',
    droppedCharacter: 'left out: the vocabulary has no way to write it.',
  };
  return `notice: ${shown} at ${start} is ${why[code] ?? 'unknown to this model and is read as [UNK].'}${count > 1 ? ` It occurs ${count} times.` : ''}`;
}
