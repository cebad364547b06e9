/** What went wrong, in the reader's language; never a stack trace. */
import { SiseonError } from '../platform/errors.ts';
import type { Language } from '../views/language.ts';
import { particle } from '../views/language.ts';

type Details = Readonly<Record<string, unknown>>;

const gigabytes = (bytes: unknown): string => `${(Number(bytes) / 1e9).toFixed(1)} GB`;

const korean: Readonly<Record<string, (d: Details) => string>> = {
  emptyText: () => '살펴볼 글이 없습니다. 단어를 하나 이상 적어 주세요.',
  textTooLong: (d) =>
    `글이 모델이 읽을 수 있는 길이를 넘습니다: 최대 ${d.positions}토큰인데 ${d.tokens}토큰입니다. 글을 줄여 주세요.`,
  wordNotFound: (d) =>
    `글에 ‘${d.wanted}’${particle(String(d.wanted), '이')} 없습니다. ${d.nearest ? `‘${d.nearest}’${particle(String(d.nearest), '을')} 찾으셨나요?` : `단어: ${(d.words as string[]).join(', ')}`}`,
  wordAmbiguous: (d) =>
    `‘${d.wanted}’${particle(String(d.wanted), '이')} ${(d.indices as number[]).length}번 나옵니다. 번호로 골라 주세요: ${(d.indices as number[]).join(' 또는 ')}.`,
  wordOutOfRange: (d) => `${d.wanted}번 단어가 없습니다: 0부터 ${d.last}까지입니다.`,
  hubNotFound: (d) =>
    `${d.model ?? '허브'}${d.model ? particle(String(d.model), '을') : '에서'} 찾지 못했습니다. 이름과 판(revision)을 확인해 주세요. 폴더라면 경로를 적어 주세요.`,
  hubRefused: (d) =>
    `${d.model}${particle(String(d.model), '은')} 공개되지 않았거나 동의가 필요하거나 없는 모델입니다(${d.status}). 이름을 확인하고, ${d.page} 에서 약관에 동의한 다음 HF_TOKEN에 읽기 권한이 있는 토큰을 넣어 주세요.${d.withToken ? ' 지금 쓰인 토큰으로는 읽을 수 없습니다.' : ''}`,
  hubUnavailable: (d) =>
    `${d.model ?? d.name}${particle(String(d.model ?? d.name), '을')} 받지 못했습니다(${d.problem}). 연결을 확인하고 다시 해 보세요. 받은 데까지는 남아 있어 이어서 받습니다.`,
  hubOffline: (d) =>
    `${d.model}${particle(String(d.model), '이')} 캐시에 다 있지 않고, HF_HUB_OFFLINE이 켜져 있어 받을 수 없습니다. HF_HUB_OFFLINE을 끄거나, 모델이 있는 폴더를 HF_HOME에 적어 주세요.`,
  hubDamaged: (d) =>
    `${d.name}의 내용이 허브가 알려 준 것과 다릅니다. 서버나 중간(프록시, 로그인 화면)에서 바뀐 것이니, 나중에 다시 하거나 다른 길로 받아 주세요.`,
  modelTooLarge: (d) =>
    `${d.name}${particle(String(d.name), '은')} 메모리에 다 들어가지 않습니다: 매개변수가 ${gigabytes(d.parameterBytes)}인데 ${gigabytes(d.room)}까지 담을 수 있습니다. 같은 계열의 더 작은 모델을 써 주세요.${(d.types as string[] | undefined)?.[0] === 'f32' ? ' 같은 모델을 bfloat16이나 float16으로 저장해도 됩니다.' : ''}`,
  noLanguageHead: () => '이 모델은 글을 이어 쓰지 못합니다. 앞만 보고 다음 토큰을 말하는 모델을 주세요.',
  unknownConfigField: (d) =>
    `config.json에 모르는 항목이 있습니다: ${(d.fields as string[]).join(', ')}. 계산을 바꿀 수 있어 읽지 않습니다.`,
  layerOutOfRange: (d) => `층 ${d.index}${particle(String(d.index), '이')} 없습니다: 0부터 ${d.last}까지입니다.`,
  headOutOfRange: (d) => `헤드 ${d.index}${particle(String(d.index), '이')} 없습니다: 0부터 ${d.last}까지입니다.`,
};

/** One message and the exit code: 2 for what was asked wrongly, 1 for what is broken. SISEON_DEBUG=1 shows the stack. */
export function explain(error: unknown, language: Language): { message: string; exitCode: 1 | 2 } {
  const label = language === 'ko' ? '오류' : 'error';
  if (process.env.SISEON_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  if (!(error instanceof SiseonError)) {
    const text = error instanceof Error ? error.message : String(error);
    return {
      message: `${label}: ${text.split('\n')[0]} (SISEON_DEBUG=1 ${language === 'ko' ? '을 두면 자세히 보입니다' : 'shows where'})`,
      exitCode: 1,
    };
  }
  const text = language === 'ko' ? korean[error.code]?.(error.details) : undefined;
  return { message: `${label}: ${text ?? error.message}`, exitCode: error.kind === 'usage' ? 2 : 1 };
}

/** That a model of the hub was read from the cache, and why, for stderr. */
export const keptNotice = (
  model: string,
  { commit, why }: { readonly commit: string; readonly why: SiseonError },
  language: Language,
): string => {
  const refused = why.code === 'hubRefused';
  const short = commit.slice(0, 8);
  return language === 'ko'
    ? `알림: 허브가 ${refused ? `${model}${particle(model, '을')} 내주지 않아` : `답하지 않아(${why.details.problem})`} 캐시에 있는 판 ${short}${particle(short, '을')} 읽습니다.`
    : `notice: the hub ${refused ? `does not give out ${model} (${why.details.status})` : `does not answer (${why.details.problem})`}; read from the cache instead, revision ${short}.`;
};

/** A remark about the text, for stderr. */
export function notice(
  { code, text, start }: { readonly code: string; readonly text: string; readonly start: number },
  language: Language,
): string {
  const shown = code === 'loneSurrogate' ? `U+${text.charCodeAt(0).toString(16).toUpperCase()}` : text.slice(0, 40);
  if (code === 'decomposed')
    return language === 'ko'
      ? '알림: 글이 자모로 풀려 있습니다(NFD, macOS의 파일 이름 등). 이 모델은 합친 글(NFC)을 다르게 읽습니다. --nfc를 붙이면 합쳐서 읽습니다.'
      : 'notice: the text is decomposed (NFD, as macOS writes names), and this model reads composed text (NFC) differently. --nfc composes it first.';
  if (language === 'ko') {
    const why: Readonly<Record<string, string>> = {
      loneSurrogate: '짝이 없는 대리 문자여서 글자로 읽히지 않습니다.',
      unknownWord: '이 모델의 어휘로 쓸 수 없는 글자가 있어 통째로 [UNK]로 읽습니다.',
      droppedCharacter: '이 모델의 어휘로 쓸 수 없어 빠집니다.',
    };
    return `알림: ${start}번째 글자 ${shown}${particle(shown, '은')} ${why[code] ?? '이 모델이 모르는 글자여서 [UNK]로 읽습니다.'}`;
  }
  const why: Readonly<Record<string, string>> = {
    loneSurrogate: 'half of a character and cannot be read as one.',
    unknownWord: 'read as one [UNK]: the vocabulary lacks a character of it.',
    droppedCharacter: 'left out: the vocabulary has no way to write it.',
  };
  return `notice: ${shown} at ${start} is ${why[code] ?? 'unknown to this model and is read as [UNK].'}`;
}
