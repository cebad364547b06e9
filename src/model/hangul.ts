/** Hangul letters as people read them. */
const initials = 'ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ';
const medials = 'ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ';
const finals = 'ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ';

/** Composes conjoining letters to syllables; one left alone becomes the letter that stands by itself (U+11BB → ㅆ). */
export function readable(text: string): string {
  return text.normalize('NFC').replace(/[\u1100-\u1112\u1161-\u1175\u11a8-\u11c2]/g, (letter) => {
    const code = letter.charCodeAt(0);
    if (code < 0x1161) return initials[code - 0x1100]!;
    return code < 0x11a8 ? medials[code - 0x1161]! : finals[code - 0x11a8]!;
  });
}
