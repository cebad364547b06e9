/** The words of the grammar: nouns by class, verbs with the frames that say which nouns and manners they take. */
import type { Conjugation } from './inflection.ts';

const words = (text: string): readonly string[] => text.split(' ');

/** People who are spoken of plainly, and people whom a verb honours with -시-. */
export const people = words(
  '철수 영희 민수 지수 수진 현우 지민 서연 준호 하은 도윤 예린 동생 친구 아이 학생 누나 언니 오빠 형 아기 조카 소년 소녀',
);
export const honoured = words('할머니 할아버지 선생님 어머니 아버지 교수님 사장님 부모님 이모 삼촌 의사 손님');

const food = words(
  '사과 밥 빵 떡 김치 국수 고기 과일 라면 불고기 딸기 바나나 케이크 과자 만두 수박 포도 김밥 피자 감자 고구마 생선 국 샐러드 사탕',
);
const drink = words('물 우유 커피 차 주스 녹차 콜라 맥주 홍차 식혜');
const text = words('책 신문 소설 편지 잡지 시 만화 일기 동화 논문');
const written = words('편지 소설 시 일기 논문 동화 보고서');
const shown = words('영화 드라마 연극 공연 텔레비전 뉴스 경기 그림 사진');
const music = words('음악 노래 라디오 강의 소식 이야기');
const worn = words('옷 바지 치마 코트 외투 한복 셔츠 원피스');
const shoes = words('신발 양말 구두 운동화 장화');
const baked = words('빵 고기 감자 고구마 생선 케이크 과자');
const cooked = words('국 밥 라면 국수 불고기 만두 김치');
const drawn = words('그림 꽃 나무 산 바다 얼굴 지도 만화');
const studied = words('수학 영어 역사 과학 한국어 음악 미술 컴퓨터');
const learned = words('피아노 수영 태권도 영어 수학 춤 기타 한국어');
const built = words('집 학교 다리 병원 도서관');
const machines = words('시계 의자 자전거 컴퓨터 지붕 자동차 라디오 책상');
const vehicles = words('자전거 버스 기차 택시 배 비행기 지하철');
const opened = words('문 창문 상자 서랍 가방 뚜껑');
const rooms = words('방 교실 거실 마당 부엌 화장실');
const washed = words('손 얼굴 발 과일 그릇 머리');
const wiped = words('창문 책상 안경 그릇 칠판 바닥');
const thrown = words('공 돌 원반');
const caught = words('물고기 공 나비 잠자리 도둑');
const raised = words('고양이 강아지 토끼 꽃 나무 닭 금붕어');
const planted = words('나무 꽃 감자 씨앗 장미');
const goods = words('가방 우산 시계 연필 안경 모자 장갑 인형 의자 옷 신발 책 사과 빵 우유 꽃 구두');
const lost = words('가방 우산 시계 연필 안경 열쇠 지갑 반지 휴대폰 장갑');
const gifts = words('선물 꽃 책 반지 돈 편지 인형 사탕 모자');
const sent = words('편지 선물 사진 돈 소포 이메일 엽서');
const liked = words('사과 커피 음악 영화 고양이 꽃 수학 여름 겨울 바다 노래 강아지');

export interface VerbFrame {
  readonly verb: Conjugation;
  readonly kind: 'transitive' | 'ditransitive' | 'intransitive';
  readonly objects: readonly string[];
  readonly manners: readonly string[];
  /** People who do this more than others: half of the subjects, so that a verb can learn from who acts. */
  readonly agents?: readonly string[];
  /** Another verb takes this one's place when the subject is honoured (먹다 → 드시다). */
  readonly honorific?: Conjugation;
  /** How often it is written, against 1. */
  readonly weight?: number;
}

const eat: Conjugation = { stem: '드시', honorificStem: true };
const sleep: Conjugation = { stem: '주무시', honorificStem: true };

const transitive = (
  stem: string,
  objects: readonly string[],
  manners: string,
  more: Partial<Conjugation> & { honorific?: Conjugation; weight?: number } = {},
): VerbFrame => {
  const { honorific, weight, ...conjugation } = more;
  return {
    verb: { stem, ...conjugation },
    kind: 'transitive',
    objects,
    manners: words(manners),
    ...(honorific && { honorific }),
    ...(weight && { weight }),
    ...(agents[stem] && { agents: agents[stem] }),
  };
};
const intransitive = (
  stem: string,
  manners: string,
  more: Partial<Conjugation> & { honorific?: Conjugation } = {},
): VerbFrame => ({ ...transitive(stem, [], manners, more), kind: 'intransitive' });
const ditransitive = (stem: string, objects: readonly string[], manners: string): VerbFrame => ({
  ...transitive(stem, objects, manners),
  kind: 'ditransitive',
});

/** Who does what more than others. A verb that can tell from its subject has a reason to look at it. */
const agents: Readonly<Record<string, readonly string[]>> = {
  먹: words('아기 아이 동생 철수 민수 손님 조카'),
  마시: words('손님 아버지 형 영희'),
  읽: words('학생 교수님 서연 소녀'),
  쓰: words('작가 교수님 기자 지수'),
  보: words('관객 할아버지 누나 지민'),
  듣: words('청년 이모 하은'),
  입: words('신부 모델 소녀 예린'),
  만들: words('목수 요리사 어머니'),
  굽: words('요리사 제빵사 삼촌'),
  끓이: words('요리사 할머니'),
  부르: words('가수 합창단 언니'),
  그리: words('화가 소년 도윤'),
  찍: words('기자 감독 사진사'),
  배우: words('학생 아이 소년 준호'),
  공부하: words('학생 대학생 수진'),
  가르치: words('선생님 교수님 강사'),
  짓: words('목수 건축가 농부'),
  고치: words('기사 수리공 아버지'),
  타: words('여행자 대학생 승객 현우'),
  청소하: words('주인 어머니 청소부'),
  닦: words('청소부 주인 누나'),
  던지: words('투수 소년 선수'),
  잡: words('어부 경찰 사냥꾼'),
  키우: words('농부 주인 할머니'),
  심: words('농부 정원사 할아버지'),
  사: words('손님 이모 어머니 영희'),
  팔: words('상인 주인 농부'),
  찾: words('경찰 탐정 민수'),
  돕: words('의사 간호사 청년'),
  주: words('산타 이모 삼촌'),
  보내: words('사장님 회사원 친구'),
  자: words('아기 동생 할아버지'),
  울: words('아기 동생 조카'),
  뛰: words('선수 아이 소년'),
  달리: words('선수 기사 소년'),
  놀: words('아이 조카 친구'),
  일하: words('회사원 아버지 농부'),
  춤추: words('가수 무용수 소녀'),
};

export const verbs: readonly VerbFrame[] = [
  transitive('먹', food, '맛있게 급하게 천천히 조금 많이 빨리 배불리', { honorific: eat, weight: 3 }),
  transitive('마시', drink, '시원하게 천천히 조금 급하게 맛있게 많이', { honorific: eat, weight: 1.5 }),
  transitive('읽', text, '재미있게 조용히 꼼꼼히 열심히 빨리 천천히', { weight: 1.5 }),
  transitive('쓰', written, '정성껏 조용히 급하게 빨리 열심히'),
  transitive('보', shown, '재미있게 조용히 함께 오래 즐겁게', { weight: 1.5 }),
  transitive('듣', music, '조용히 크게 즐겁게 재미있게 열심히', { irregular: 'ㄷ' }),
  transitive('입', worn, '예쁘게 따뜻하게 급하게 빨리 단정하게'),
  transitive('신', shoes, '빨리 급하게 조심스럽게'),
  transitive(
    '만들',
    [...cooked, ...baked, ...words('인형 의자 책상 김밥 떡')],
    '예쁘게 정성껏 열심히 빨리 맛있게 쉽게',
  ),
  transitive('굽', baked, '노릇하게 천천히 맛있게 바싹', { irregular: 'ㅂ' }),
  transitive('끓이', words('국 라면 차 물 죽'), '맛있게 뜨겁게 빨리'),
  transitive('부르', words('노래 애국가 동요'), '크게 즐겁게 신나게 함께', { irregular: '르' }),
  transitive('그리', drawn, '예쁘게 천천히 정성껏 자세히'),
  transitive('찍', words('사진 영화 동영상'), '멋지게 예쁘게 빨리 많이'),
  transitive('배우', learned, '열심히 즐겁게 쉽게 꾸준히'),
  transitive('공부하', studied, '열심히 꾸준히 조용히 꼼꼼히'),
  transitive('가르치', studied, '쉽게 친절하게 열심히 재미있게'),
  transitive('짓', built, '튼튼하게 빨리 정성껏 멋지게', { irregular: 'ㅅ' }),
  transitive('고치', machines, '꼼꼼히 빨리 말끔히 쉽게'),
  transitive('타', vehicles, '빨리 급하게 즐겁게 자주'),
  transitive('열', opened, '조용히 천천히 활짝 급하게'),
  transitive('닫', words('문 창문 서랍 뚜껑'), '조용히 세게 천천히 급하게'),
  transitive('청소하', rooms, '깨끗하게 열심히 말끔히 빨리'),
  transitive('씻', washed, '깨끗하게 빨리 꼼꼼히'),
  transitive('닦', wiped, '깨끗하게 꼼꼼히 열심히'),
  transitive('던지', thrown, '세게 멀리 높이'),
  transitive('잡', caught, '꽉 빨리 조심스럽게 쉽게'),
  transitive('키우', raised, '정성껏 열심히 건강하게'),
  transitive('심', planted, '정성껏 열심히 많이'),
  transitive('사', goods, '싸게 급하게 많이 자주', { weight: 1.5 }),
  transitive('팔', goods, '싸게 비싸게 많이'),
  transitive('찾', lost, '열심히 급하게 천천히 빨리 겨우'),
  transitive('잃어버리', lost, '자주 또 갑자기'),
  transitive('좋아하', liked, '아주 무척 정말 많이'),
  transitive('만나', people, '반갑게 자주 우연히 잠깐'),
  transitive('기다리', [...people, ...words('버스 기차 택시')], '오래 조용히 초조하게'),
  transitive('돕', people, '친절하게 열심히 자주', { irregular: 'ㅂ' }),
  ditransitive('주', gifts, '기쁘게 급하게 조용히 몰래'),
  ditransitive('보내', sent, '급하게 자주 몰래 빨리'),
  ditransitive('보여주', words('사진 그림 책 편지 지도'), '자랑스럽게 조용히 기쁘게'),
  intransitive('자', '푹 편하게 오래 깊이', { honorific: sleep }),
  intransitive('뛰', '빨리 신나게 힘차게', { irregular: 'full' }),
  intransitive('웃', '크게 환하게 즐겁게'),
  intransitive('울', '크게 슬프게 오래'),
  intransitive('쉬', '편하게 푹 오래', { irregular: 'full' }),
  intransitive('놀', '신나게 즐겁게 함께'),
  intransitive('일하', '열심히 오래 꾸준히'),
  intransitive('걷', '천천히 빨리 오래', { irregular: 'ㄷ' }),
  intransitive('달리', '빨리 힘차게 멀리'),
  intransitive('일어나', '일찍 늦게 빨리'),
  intransitive('떠나', '일찍 급하게 조용히'),
  intransitive('춤추', '신나게 즐겁게 멋지게'),
];

/** Giving upwards: 드리다 with 께. */
export const offer: Conjugation = { stem: '드리' };

export interface TimeWord {
  readonly text: string;
  readonly stem: string;
  readonly tense: 'past' | 'present' | 'future' | 'any';
}
const time = (tense: TimeWord['tense'], list: string): TimeWord[] =>
  words(list).map((item) => ({
    text: item,
    stem: item.length > 2 && item.endsWith('에') ? item.slice(0, -1) : item,
    tense,
  }));
export const times: readonly TimeWord[] = [
  ...time('past', '어제 방금 아까 그저께 지난주에'),
  ...time('future', '내일 모레 다음에'),
  ...time('any', '오늘 아침에 저녁에 점심에 주말에 오후에'),
  ...time('present', '지금 매일 요즘'),
];

export const places = words('집 학교 공원 도서관 식당 시장 카페 교실 부엌 거실 마당 방 회사 놀이터 서울 부산 바닷가');

/** Every noun once. */
export const nouns: readonly string[] = [
  ...new Set([
    ...people,
    ...honoured,
    ...Object.values(agents).flat(),
    ...verbs.flatMap(({ objects }) => objects),
    ...places,
  ]),
];
export const manners: readonly string[] = [...new Set(verbs.flatMap((frame) => frame.manners))];
/** Every conjugation once. */
export const conjugations: readonly Conjugation[] = [...verbs.map(({ verb }) => verb), eat, sleep, offer];
