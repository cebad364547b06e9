/**
 * The small language that the small model learns: people who eat what can be eaten, drink what can be drunk. Word order
 * varies, so that position gives nothing away. The story's sentence is held back in every order.
 */
import { below, type Random, wordPieceTokenizer } from 'siseon/train';

export interface Verb {
  readonly text: string;
  readonly objects: readonly string[];
  readonly manners: readonly string[];
}

export const subjects = ['철수가', '영희가', '민수가', '지우가', '엄마가', '아이가'];

export const verbs: readonly Verb[] = [
  { text: '먹었다', objects: ['사과를', '빵을', '떡을', '고기를'], manners: ['맛있게', '빨리'] },
  { text: '마셨다', objects: ['물을', '우유를', '주스를', '커피를'], manners: ['맛있게', '천천히'] },
  { text: '읽었다', objects: ['책을', '편지를', '신문을', '소설을'], manners: ['조용히', '천천히'] },
  { text: '입었다', objects: ['바지를', '치마를', '외투를', '양말을'], manners: ['예쁘게', '빨리'] },
  { text: '불렀다', objects: ['노래를', '동요를', '가곡을', '민요를'], manners: ['크게', '조용히'] },
  { text: '탔다', objects: ['버스를', '기차를', '배를', '택시를'], manners: ['천천히', '빨리'] },
];

export const probe = { subject: '철수가', object: '사과를', manner: '맛있게', verb: '먹었다' };
export const probeSentence = `${probe.subject} ${probe.object} ${probe.manner} ${probe.verb}`;

/** A sentence of the language, never the one held back. */
export function writeSentence(random: Random): string {
  const pick = <T>(list: readonly T[]): T => list[below(random, list.length)]!;
  for (;;) {
    const verb = pick(verbs);
    const [subject, object, manner] = [pick(subjects), pick(verb.objects), pick(verb.manners)];
    if (subject === probe.subject && object === probe.object && verb.text === probe.verb) continue;
    const before = random() < 0.6 ? [subject, object, manner] : [subject, object];
    for (let i = before.length - 1; i > 0; i--) {
      const j = below(random, i + 1);
      [before[i], before[j]] = [before[j]!, before[i]!];
    }
    return [...before, verb.text].join(' ');
  }
}

export interface Sample {
  readonly text: string;
  /** Places of the words. */
  readonly subject: number;
  readonly object: number;
  readonly verb: number;
}

/**
 * Sentences in which a head is measured, the probe not among them. In this language an object stands with its own verb
 * alone, while every subject stands with every verb: verb and object are related, verb and subject are not.
 */
export const samples: readonly Sample[] = verbs.flatMap(({ text, objects }) => [
  { text: `영희가 ${objects[1]} ${text}`, subject: 0, object: 1, verb: 2 },
  { text: `${objects[2]} 민수가 ${text}`, subject: 1, object: 0, verb: 2 },
]);

const particles = ['가', '을', '를'];

/** Every word that the small model knows. */
export const smallWords: readonly string[] = [
  ...new Set([
    ...subjects,
    ...verbs.flatMap(({ objects }) => objects),
    ...verbs.flatMap(({ manners }) => manners),
    ...verbs.map(({ text }) => text),
  ]),
];

/** tokenizer.json of this language: a noun and its particle are two tokens, everything else is one. */
export function tokenizerJson(): Record<string, unknown> {
  const nouns = [...subjects, ...verbs.flatMap(({ objects }) => objects)].map((word) => word.slice(0, -1));
  const words = [...verbs.flatMap(({ manners }) => manners), ...verbs.map(({ text }) => text)];
  return wordPieceTokenizer([...nouns, ...words, ...particles.map((piece) => `##${piece}`)], {
    normalizer: { type: 'NFC' },
    pre_tokenizer: { type: 'Whitespace' },
    pair: [],
  });
}
