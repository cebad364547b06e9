import { attentionPlace, type LayerPlace } from '../attention/stages.ts';

export type Language = 'ko' | 'en';

/** Korean when the text is written in Hangul, else null: the caller falls back to the locale. */
export const languageOf = (text: string): Language | null =>
  /[\uac00-\ud7a3\u1100-\u11ff\u3131-\u318e]/.test(text) ? 'ko' : null;

/** Where attention is, as a person reads it. */
export function placeName(place: LayerPlace, language: Language): string {
  const [, stack = '', layer = '', crossed] =
    /^(?:(encoder|decoder)\.)?layers\.(\d+)(\.cross)?$/.exec(attentionPlace(place)) ?? [];
  if (language === 'ko')
    return `${{ encoder: '인코더 ', decoder: '디코더 ' }[stack] ?? ''}층 ${layer}${crossed ? '의 교차 어텐션' : ''}`;
  return `${crossed ? 'cross-attention of ' : ''}${stack && `${stack} `}layer ${layer}`;
}

type Pair = readonly [afterFinal: string, afterVowel: string];
const pairs: Readonly<Record<string, Pair>> = {
  은: ['은', '는'],
  이: ['이', '가'],
  을: ['을', '를'],
  으로: ['으로', '로'],
  과: ['과', '와'],
  이에요: ['이에요', '예요'],
};

/**
 * The last sound of a word as it is read: none, ㄹ, or another final consonant. Digits are read in Korean; a word in Latin
 * letters as a loanword would be, in capitals letter by letter.
 */
function lastSound(word: string): 'none' | 'rieul' | 'final' {
  const last = [...word.normalize('NFC')].findLast((letter) => /[\p{L}\p{N}]/u.test(letter)) ?? '';
  if (/[\uac00-\ud7a3]/.test(last)) {
    const final = (last.charCodeAt(0) - 0xac00) % 28;
    return final === 0 ? 'none' : final === 8 ? 'rieul' : 'final';
  }
  if (/\d/.test(last)) return /[178]/.test(last) ? 'rieul' : /[036]/.test(last) ? 'final' : 'none';
  const latin = /[a-z]+(?=[^\p{L}\p{N}]*$)/iu.exec(word)?.[0] ?? '';
  const spelled = latin.length === 1 || latin === latin.toUpperCase();
  const { rieul, final } = spelled ? letterNames : loanwords;
  return rieul.test(latin) ? 'rieul' : final.test(latin) ? 'final' : 'none';
}
/** 엘, 알; 엠, 엔. */
const letterNames = { rieul: /[lr]$/i, final: /[mn]$/i };
/**
 * model 모델, table 테이블; token 토큰, name 네임, training 트레이닝, book 북, block 블록. Behind another consonant or a long
 * vowel a stop has a vowel of its own: weight 웨이트, repeat 리피트.
 */
const loanwords = { rieul: /le?$/i, final: /(?:[mn]e?|ng|(?<![eo]a|ee|[ae]i)(?<=[aeiouy])(?:ck|[bckpt]))$/i };

/** The particle that follows a word: particle('책', '을') is 을, particle('사과', '을') is 를; 로 stands after ㄹ. */
export function particle(word: string, kind: '은' | '이' | '을' | '으로' | '과' | '이에요'): string {
  const [closed, open] = pairs[kind]!;
  const sound = lastSound(word);
  return sound === 'none' || (kind === '으로' && sound === 'rieul') ? open : closed;
}
