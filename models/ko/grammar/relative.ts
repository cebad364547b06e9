/** Which clause may stand before a noun, and when what it tells was. */
import type { Random } from 'siseon/train';
import type { Tense } from './inflection.ts';
import { list } from './nouns.ts';
import type { Frame } from './predicates.ts';

/** What is done to food comes in an order: it is got, made ready, cooked and eaten. */
const stages = [
  list('사 따 캐 잡 줍 받 심 키우'),
  list('씻 썰 자르'),
  list('굽 끓이 볶 삶 튀기 요리하 만들'),
  list('먹 마시 씹 삼키 맛보'),
];
const [cooking, eating] = [2, 3];
const stageOf = ({ predicate }: Frame): number => stages.findIndex((stems) => stems.includes(predicate.stem));

/** What is no longer at hand after one verb is met again by few others. */
const afterwards: Readonly<Record<string, readonly string[]>> = {
  잃어버리: ['찾', '줍'],
  깨: ['버리'],
  버리: ['줍', '찾'],
  훔치: ['찾', '팔', '숨기'],
  그리: ['보', '걸', '붙이', '훔치', '사', '팔', '보여주'],
  씹: [],
  삼키: [],
  맛보: [],
};

/** Whether the inner frame's object may be what the outer frame is about: 철수가 산 사과를 먹었다, but no 먹은 사과를 구웠다. */
export function mayTellOf(inner: Frame, outer: Frame): boolean {
  if (inner === outer) return false;
  const next = afterwards[inner.predicate.stem];
  if (next && !next.includes(outer.predicate.stem)) return false;
  const [one, two] = [stageOf(inner), stageOf(outer)];
  if (one >= cooking && one === two) return false;
  return one !== eating || outer.kind === 'adjective' || outer.aspect !== 'state';
}

/** When the inner event was, seen from the outer one: what is eaten is cooked before, so 먹을 사과를 구웠다. */
export function relativeTense(
  random: Random,
  inner: Frame,
  { outer, tense, role }: { readonly outer: Frame; readonly tense: Tense; readonly role: 'subject' | 'object' },
): Tense {
  if (inner.aspect === 'state') return 'present';
  const [one, two] = [stageOf(inner), stageOf(outer)];
  if (role === 'object' && outer.kind !== 'adjective' && one > two && one >= cooking) return 'future';
  const draw = random();
  const before = tense === 'past' ? 0.85 : 0.6;
  if (draw < before || inner.aspect === 'instant') return 'past';
  return tense === 'future' && role === 'object' && draw > 0.85 ? 'future' : 'present';
}
