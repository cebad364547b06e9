/** Verbs and adjectives with the frames that say who does what to what, how, where and with which means. */
import type { Conjugation } from './inflection.ts';
import * as n from './nouns.ts';

const { list } = n;

export interface Frame {
  readonly predicate: Conjugation;
  readonly kind: 'transitive' | 'ditransitive' | 'intransitive' | 'adjective';
  /** Who or what may be the subject; people of every kind unless said otherwise. */
  readonly subjects: readonly string[];
  /** Those who do this more than others: half of the subjects, so that a verb can learn from who acts. */
  readonly agents: readonly string[];
  readonly objects: readonly string[];
  readonly manners: readonly string[];
  readonly places: readonly string[];
  /** 에 where something goes or is, 에서 where something is done. */
  readonly placeParticle: '에' | '에서';
  readonly instruments: readonly string[];
  /** Another verb takes this one's place when the subject is honoured (먹다, 드시다). */
  readonly honorific?: Conjugation;
  /** Another verb takes this one's place when what is done is done for someone honoured (주다, 드리다). */
  readonly upwards?: Conjugation;
  /** Nouns that an adjective stands before; its subjects unless said otherwise (머리가 아프다, but no 아픈 머리). */
  readonly before: readonly string[];
  /**
   * How it goes on in time. An activity takes -고 있다; what is over in an instant, what is a state and what takes
   * months do not all; what comes to rest stays so: 앉아 있다. */
  readonly aspect: Aspect;
  /** What of a person it takes up: two things are done at once, -면서, when they take up different parts. */
  readonly channel?: Channel;
  /** No sentence without the place: 학교에 다닌다. */
  readonly needsPlace: boolean;
  /** How often it is written, against 1. */
  readonly weight: number;
}

export type Aspect = 'activity' | 'instant' | 'state' | 'long' | 'rest';
export type Channel = 'mouth' | 'eyes' | 'reading' | 'ears' | 'hands' | 'legs' | 'face' | 'waiting' | 'resting';

type Words = string | readonly string[];
interface Details {
  readonly irregular?: Conjugation['irregular'];
  readonly by?: Words;
  readonly subjects?: Words;
  readonly at?: Words;
  readonly to?: Words;
  readonly with?: Words;
  readonly honorific?: Conjugation;
  readonly upwards?: Conjugation;
  readonly before?: Words;
  readonly aspect?: Aspect;
  readonly channel?: Channel;
  readonly needsPlace?: boolean;
  readonly weight?: number;
}

const read = (words: Words = []): readonly string[] => (typeof words === 'string' ? list(words) : words);
/** Whoever may do most things; a baby does few, and is named where it does. */
const everyone: readonly string[] = [...n.people, ...n.honoured].filter((person) => person !== '아기');
const children = list('아이 어린이 조카 소년 소녀 학생');
const adults: readonly string[] = everyone.filter((person) => !children.includes(person));
const eaters: readonly string[] = [...everyone, '아기', ...n.animals];
/** Where one goes and comes. */
const visited = n.places.filter((place) => !list('부엌 거실 방 마당').includes(place));

const frame = (kind: Frame['kind'], stem: string, objects: Words, manners: string, details: Details = {}): Frame => ({
  predicate: {
    stem,
    ...(details.irregular && { irregular: details.irregular }),
    ...(kind === 'adjective' && { descriptive: true }),
  },
  kind,
  subjects: details.subjects === undefined ? everyone : read(details.subjects),
  agents: read(details.by),
  objects: read(objects),
  manners: read(manners),
  places: read(details.to ?? details.at),
  placeParticle: details.to === undefined ? '에서' : '에',
  instruments: read(details.with),
  before: read(details.before ?? (kind === 'adjective' ? details.subjects : [])),
  aspect: details.aspect ?? (kind === 'adjective' ? 'state' : 'activity'),
  needsPlace: details.needsPlace ?? false,
  weight: details.weight ?? 1,
  ...(details.channel && { channel: details.channel }),
  ...(details.upwards && { upwards: details.upwards }),
  ...(details.honorific && { honorific: details.honorific }),
});
const takes = (stem: string, objects: Words, manners: string, details?: Details): Frame =>
  frame('transitive', stem, objects, manners, details);
const gives = (stem: string, objects: Words, manners: string, details?: Details): Frame =>
  frame('ditransitive', stem, objects, manners, details);
const does = (stem: string, manners: string, details?: Details): Frame =>
  frame('intransitive', stem, [], manners, details);
const is = (stem: string, subjects: Words, degrees: string, details?: Details): Frame =>
  frame('adjective', stem, [], degrees, { ...details, subjects });

export const eat: Conjugation = { stem: '드시', honorificStem: true };
export const sleep: Conjugation = { stem: '주무시', honorificStem: true };
export const stay: Conjugation = { stem: '계시', honorificStem: true };
/** Giving upwards: 드리다 with 께. */
export const offer: Conjugation = { stem: '드리' };

const table = '식당 집 부엌 카페 학교 거실 시장';
const study = '도서관 학교 교실 집 방 카페';
const outside = '공원 놀이터 운동장 마당 강가 바닷가';
const shop = '시장 백화점 마트';

export const verbs: readonly Frame[] = [
  takes('먹', n.food, '맛있게 급하게 천천히 조금 많이 빨리 배불리', {
    by: '아기 아이 동생 철수 민수 손님 조카 강아지 돼지',
    subjects: [...everyone, ...list('아기 강아지 고양이 돼지 원숭이 곰')],
    honorific: eat,
    weight: 3,
    at: table,
    channel: 'mouth',
  }),
  takes('마시', n.drinks, '시원하게 천천히 조금 급하게 맛있게 많이', {
    by: '손님 아버지 형 영희',
    honorific: eat,
    weight: 1.5,
    at: '카페 집 식당 부엌 회사',
    with: '컵 빨대',
    channel: 'mouth',
  }),
  takes('씹', '고기 껌 오징어 김치 당근', '천천히 꼭꼭 오래', { by: '아이 청년 할아버지', channel: 'mouth' }),
  takes('삼키', '알약 고기 침 사탕 물', '꿀꺽 급하게 겨우', { by: '환자 아이', aspect: 'instant' }),
  takes('맛보', n.dishes, '살짝 조금 천천히', { by: '요리사 손님 어머니', at: table }),
  takes('읽', n.texts, '재미있게 조용히 꼼꼼히 열심히 빨리 천천히', {
    by: '학생 교수님 서연 소녀 비서',
    weight: 2,
    at: study,
    channel: 'reading',
  }),
  takes('쓰', n.writings, '정성껏 조용히 급하게 빨리 열심히', {
    by: '작가 교수님 기자 지수',
    at: study,
    with: '연필 펜 컴퓨터',
    channel: 'hands',
  }),
  takes('외우', '시 단어 가사 주소 전화번호 공식', '열심히 빨리 꼼꼼히 겨우', {
    by: '학생 배우 준호',
    at: study,
  }),
  takes('보', n.shows, '재미있게 조용히 함께 오래 즐겁게', {
    by: '관객 할아버지 누나 지민',
    weight: 2,
    at: '서울 부산 학교',
    channel: 'eyes',
  }),
  takes('듣', n.sounds, '조용히 열심히 즐겁게 재미있게 잠깐', {
    irregular: 'ㄷ',
    by: '청년 이모 하은 대학생',
    at: '집 방 카페 버스 교실',
    channel: 'ears',
  }),
  takes('입', n.clothes, '예쁘게 따뜻하게 급하게 빨리 단정하게', { by: '신부 모델 소녀 예린', at: '방 집 백화점' }),
  takes('벗', [...n.clothes, ...n.footwear, ...list('모자 안경 장갑')], '급하게 천천히 빨리', {
    by: '손님 아이 도윤',
    at: '방 거실',
  }),
  takes('신', n.footwear, '빨리 급하게 조심스럽게', { by: '군인 선수 은지', at: '방 거실 집' }),
  takes('끼', '장갑 반지 안경', '조심스럽게 다시 천천히', { by: '신랑 의사 유나', at: '방 병원' }),
  takes('만들', [...n.cooked, ...list('인형 의자 책상 가구 배 눈사람 종이배')], '정성껏 열심히 빨리 직접 쉽게', {
    by: '요리사 어머니 언니',
    weight: 1.5,
    at: '집 학교',
    channel: 'hands',
  }),
  takes('굽', n.baked, '노릇하게 천천히 맛있게', {
    irregular: 'ㅂ',
    by: '요리사 제빵사 삼촌',
    at: '부엌 마당 식당',
    with: '오븐',
    channel: 'hands',
  }),
  takes('끓이', n.boiled, '팔팔 뜨겁게', { by: '요리사 할머니 어머니', at: '부엌 식당 집', channel: 'hands' }),
  takes('볶', '밥 고기 양파 김치 멸치 콩', '빨리 맛있게 살짝', {
    by: '요리사 영희',
    at: '부엌 식당',
    with: '프라이팬',
    channel: 'hands',
  }),
  takes('삶', '계란 감자 고구마 국수 콩 옥수수', '오래 알맞게', { by: '할머니 이모', at: '부엌 집', channel: 'hands' }),
  takes('튀기', '닭 새우 감자 오징어 생선', '바삭하게 노릇하게 빨리', {
    by: '요리사 점원',
    at: '부엌 식당',
    with: '기름',
  }),
  takes('썰', '무 당근 양파 고기 오이 두부', '얇게 두껍게 빨리 가지런히', {
    by: '요리사 어머니',
    at: '부엌',
    with: '칼',
    channel: 'hands',
  }),
  takes('요리하', [...n.meats, ...n.dishes], '맛있게 간단하게 정성껏', {
    by: '요리사 아버지',
    at: '부엌 식당 집',
    channel: 'hands',
  }),
  takes('부르', n.songs, '크게 즐겁게 신나게 함께', {
    irregular: '르',
    by: '가수 합창단 언니',
    at: '교실 공원 무대',
    channel: 'mouth',
  }),
  takes('그리', n.drawings, '예쁘게 천천히 정성껏 자세히', {
    by: '화가 소년 도윤',
    weight: 1.5,
    at: '교실 미술관 공원 방',
    with: '연필 물감 붓 크레파스',
    channel: 'hands',
  }),
  takes('찍', '사진 영화 동영상 풍경 영상', '멋지게 예쁘게 빨리 많이', {
    by: '기자 감독님 사진사',
    at: '공원 바닷가 결혼식장 제주도',
    with: '카메라 휴대폰',
  }),
  takes('배우', n.skills, '열심히 즐겁게 쉽게 꾸준히', { by: '학생 아이 소년 준호', at: '학교 학원 서울' }),
  takes('공부하', n.subjects, '열심히 꾸준히 조용히 꼼꼼히', {
    by: '학생 대학생 수진',
    at: study,
    channel: 'reading',
  }),
  takes('가르치', n.knowledge, '쉽게 친절하게 열심히 재미있게', {
    by: '선생님 교수님 강사',
    subjects: adults,
    at: '학교 교실 학원',
  }),
  takes('연구하', '역사 과학 철학 경제 별 언어 바다', '꾸준히 오래 깊이', {
    by: '과학자 박사님 교수님',
    subjects: '대학생 과학자 박사님 교수님 선생님 작가',
    at: '대학 도서관',
  }),
  takes('풀', n.problems, '쉽게 천천히 빨리 겨우', { by: '학생 과학자 태호', at: '교실 도서관 방' }),
  takes('연주하', n.instrumentsOfMusic, '아름답게 멋지게 열심히', { by: '음악가 은지 소녀', at: '극장 교회 공원' }),
  takes('치', '피아노 기타 드럼 종', '멋지게 크게 잘', { by: '음악가 수진 스님', at: '학교 교회' }),
  takes('불', '피리 나팔 풍선 휘파람', '크게 세게 신나게', { by: '소년 군인', at: '공원 운동장' }),
  takes('켜', [...n.devices, '불'], '빨리 조용히 다시', { by: '아버지 점원 직원', at: '거실 사무실 방' }),
  takes('끄', [...n.devices, '불'], '빨리 급하게 조용히', { by: '어머니 직원 소방관', at: '거실 사무실 방' }),
  takes('짓', n.buildings, '튼튼하게 빨리 정성껏 멋지게', {
    irregular: 'ㅅ',
    by: '목수 건축가 농부',
    subjects: '목수 건축가 농부 청년 삼촌 아버지 할아버지 사장님 시장님 군인 철수 민수 준호 태호',
    at: '마을 서울 부산',
    with: '벽돌 나무 돌',
    aspect: 'long',
  }),
  takes('고치', n.machines, '꼼꼼히 빨리 말끔히 쉽게', {
    by: '수리공 아버지',
    subjects: adults,
    at: '집 학교',
    with: '공구 드라이버',
  }),
  takes('타', n.vehicles, '빨리 급하게 즐겁게 자주', {
    by: '여행자 대학생 승객 현우',
    at: '서울 부산',
  }),
  takes('운전하', '버스 택시 트럭 자동차', '조심스럽게 빠르게 천천히', {
    by: '운전사 삼촌 경찰',
    subjects: adults,
    at: '서울 시골',
    channel: 'hands',
  }),
  takes('열', n.openings, '조용히 천천히 급하게', { by: '점원 비서 누나', with: '손' }),
  takes('닫', '문 창문 서랍 뚜껑 상자', '조용히 세게 천천히 급하게', { by: '점원 직원 형', with: '손 발' }),
  takes('청소하', n.rooms, '깨끗하게 열심히 말끔히 빨리', {
    by: '청소부 어머니 학생',
    with: '빗자루',
    channel: 'hands',
  }),
  takes('쓸', '마당 방 낙엽 눈 바닥', '깨끗이 열심히 천천히', { by: '청소부 스님 할아버지', with: '빗자루' }),
  takes('씻', n.washables, '깨끗하게 빨리 꼼꼼히', { by: '의사 아이 요리사', at: '집 강가', with: '물' }),
  takes('빨', n.laundry, '깨끗하게 자주 힘껏', {
    by: '할머니 어머니 군인',
    at: '집 강가 마당',
    with: '비누 손 세탁기',
    channel: 'hands',
  }),
  takes('닦', n.surfaces, '깨끗하게 꼼꼼히 열심히', {
    by: '청소부 누나 점원',
    at: '집 학교',
    with: '수건',
    channel: 'hands',
  }),
  takes('던지', n.throwables, '세게 멀리 높이', { by: '투수 소년 선수', at: outside, with: '손' }),
  takes('차', '공 돌 깡통', '세게 멀리 힘껏', { by: '선수 현우 소년', at: '운동장 공원 놀이터', with: '발' }),
  takes('잡', n.catchable, '꽉 빨리 조심스럽게 쉽게', {
    by: '어부 경찰 사냥꾼',
    at: '강가 시골 바닷가 마당',
    with: '그물 손',
  }),
  takes('쫓', '쥐 도둑 나비 닭 토끼', '빨리 오래 끝까지', {
    by: '고양이 경찰 강아지',
    subjects: [...everyone, '고양이', '강아지'],
    at: '마당 마을 공원',
  }),
  takes('물', '손 발 공 신발 뼈', '세게 꽉 갑자기', {
    subjects: '강아지 사자 호랑이 여우 원숭이 고양이 곰 쥐 아기',
    by: '강아지 사자 쥐',
    at: '마당',
  }),
  takes('키우', n.raised, '정성껏 열심히 건강하게', {
    by: '농부 할머니 은지',
    at: '농장 시골 마당',
    aspect: 'long',
  }),
  takes('심', n.plants, '정성껏 열심히 많이', {
    by: '농부 정원사 할아버지',
    to: '마당 농장 공원',
    with: '괭이 호미',
  }),
  takes('따', [...n.fruit, '고추', '꽃', '깻잎'], '조심스럽게 많이 빨리', {
    by: '농부 원숭이 소녀',
    subjects: [...everyone, '원숭이'],
    at: '농장 마당',
    with: '손 가위',
  }),
  takes('캐', '감자 고구마 당근 조개 나물', '많이 열심히 조심스럽게', {
    by: '농부 할머니',
    at: '시골',
    with: '호미',
  }),
  takes('사', n.goods, '싸게 급하게 많이 자주', {
    by: '손님 이모 어머니 영희',
    weight: 2,
    at: shop,
    with: '카드 현금 용돈',
  }),
  takes('팔', n.goods, '싸게 비싸게 많이', { by: '상인 점원 농부', subjects: adults, at: shop }),
  takes('고르', [...n.clothes, '선물', '책', '반지', '가방'], '천천히 신중하게 빨리', {
    irregular: '르',
    by: '손님 신부 유나',
    at: shop,
  }),
  takes('찾', n.losable, '열심히 급하게 천천히 빨리 겨우', { by: '경찰 탐정 민수', at: '방 학교 공원 정류장' }),
  takes('잃어버리', n.losable, '또 갑자기', {
    by: '승객 아이 조카',
    at: '학교 공원 시장 버스',
    aspect: 'instant',
  }),
  takes('줍', '쓰레기 동전 조개 낙엽 돌 지갑', '조심스럽게 다시 얼른', {
    irregular: 'ㅂ',
    by: '청소부 소년 아이',
    at: '공원 마당 바닷가',
    with: '손 집게',
  }),
  takes('버리', '쓰레기 종이 휴지 상자 신문', '함부로 몰래 빨리', { by: '점원 이웃 형', to: '공원 길 강가' }),
  takes('모으', n.collected, '열심히 꾸준히 많이', { by: '할아버지 지민 소년' }),
  takes('자르', n.cut, '빨리 조심스럽게 반듯하게', {
    irregular: '르',
    by: '미용사 정원사 요리사',
    channel: 'hands',
  }),
  takes('나르', n.carried, '천천히 조심스럽게 힘겹게 함께', {
    irregular: '르',
    by: '군인 직원 청년 말',
    subjects: [...everyone, '말', '소'],
    with: '트럭 수레 손',
    channel: 'hands',
  }),
  takes('들', n.carried, '가볍게 힘겹게 번쩍', {
    // 들다 with -시- is 드시다, which is read as eating: those whom a verb honours are not written to lift.
    by: '선수 청년 군인',
    subjects: n.people.filter((person) => person !== '아기'),
    with: '손',
  }),
  takes('밀', n.pushed, '세게 천천히 힘껏', {
    by: '청년 상인 곰',
    subjects: [...everyone, '곰', '소'],
    with: '손 어깨',
  }),
  takes('당기', '줄 문 의자 손잡이 커튼', '세게 천천히 힘껏', { by: '선수 형', with: '손' }),
  takes('깨', n.broken, '실수로 또 산산이', {
    by: '고양이 동생 점원',
    subjects: [...everyone, '고양이', '강아지', '아기'],
    at: '부엌 거실 식당',
    aspect: 'instant',
  }),
  takes('걸', n.hung, '높이 반듯하게 예쁘게', { by: '화가 직원 아버지', to: '거실 방 벽 교실' }),
  takes('붙이', '그림 사진 종이 스티커 포스터', '예쁘게 꼼꼼히 단단히', {
    by: '직원 은지 소녀',
    to: '벽 문 칠판',
    with: '풀 테이프',
  }),
  takes('접', '종이 우산 편지 지도 색종이', '예쁘게 반듯하게 빨리', { by: '아이 소녀 유나', at: '교실 방' }),
  takes('개', '이불 옷 빨래 수건 담요', '반듯하게 예쁘게 빨리', {
    by: '군인 어머니 언니',
    at: '방 거실',
    channel: 'hands',
  }),
  takes('덮', '이불 책 뚜껑 담요', '조용히 따뜻하게 급하게', { by: '환자 아기 어머니', at: '방 병원' }),
  takes('밟', '낙엽 눈 발 땅 껌', '실수로 천천히 세게', {
    by: '아이 코끼리 승객',
    subjects: [...everyone, '강아지', '고양이', '말', '소'],
    at: '공원 마당',
  }),
  takes('오르', n.mountains, '천천히 힘겹게 함께 빨리', {
    irregular: '르',
    by: '등산객 염소 태호',
    subjects: [...everyone, '염소'],
  }),
  takes('건너', '강 다리 길 횡단보도 냇물', '빨리 조심스럽게 천천히', {
    by: '아이 어부 학생',
    subjects: [...everyone, '강아지'],
  }),
  takes('지키', '약속 집 나라 비밀 법', '꼭 열심히 끝까지', { by: '군인 경찰', aspect: 'long' }),
  takes('좋아하', n.likable, '아주 무척 정말 많이', { by: '서연 아이 이웃', aspect: 'state' }),
  takes('싫어하', '비 겨울 약 당근 주사 벌레 여름', '아주 무척 정말 몹시', { by: '환자 조카 도윤', aspect: 'state' }),
  takes('사랑하', [...n.names, '가족', '바다', '음악', '고향', '딸', '아들'], '무척 정말 깊이', {
    by: '부모님 가수 어머니',
    subjects: adults,
    aspect: 'state',
  }),
  takes(
    '만나',
    n.people.filter((person) => person !== '아기'),
    '반갑게 자주 우연히 잠깐',
    {
      by: '기자 변호사 친구',
      at: '카페 공원 서울 정류장',
      weight: 1.5,
    },
  ),
  takes('기다리', [...n.names, '친구', '버스', '기차', '택시', '손님'], '오래 조용히 초조하게', {
    by: '승객 소녀 강아지',
    subjects: [...everyone, '강아지'],
    at: '정류장 집 카페',
    channel: 'waiting',
  }),
  takes('돕', [...n.people.filter((person) => person !== '아기'), '환자'], '친절하게 열심히 자주', {
    irregular: 'ㅂ',
    by: '의사 간호사 청년',
    at: '병원 마을 시골',
  }),
  takes('초대하', [...n.names, '친구', '이웃', '손님', '가수'], '기쁘게 정중하게 직접', {
    by: '시장님 신랑 민지',
    to: '집 결혼식 파티',
  }),
  takes('칭찬하', [...n.names, '학생', '아이', '선수', '배우'], '크게 자주 많이', {
    by: '선생님 감독님 관객',
    at: '학교 교실',
  }),
  takes('치료하', n.ailing, '정성껏 무사히 오래', {
    by: '의사 간호사 원장님',
    subjects: '의사 간호사 원장님 박사님',
    at: '병원',
    with: '약',
  }),
  takes('안', '아기 인형 강아지 고양이 조카', '꼭 따뜻하게 조심스럽게', { by: '어머니 소녀 할머니', at: '거실 방' }),
  takes('업', '아기 동생 조카 환자', '조심스럽게 꼭', { by: '할머니 누나 언니', at: '집 시장' }),
  takes('믿', [...n.names, '친구', '소문', '동생', '소식'], '정말 쉽게', { by: '이웃 스님 딸', aspect: 'state' }),
  takes('기억하', n.remembered, '또렷이 오래 정확히', { by: '할머니 배우 비서', aspect: 'state' }),
  takes('잊', n.remembered, '금방 자주 까맣게', { by: '할아버지 환자 태호', aspect: 'instant' }),
  takes('준비하', n.plansList, '열심히 꼼꼼히 미리', { by: '직원 가족 비서', at: '집 서울' }),
  takes('하', n.jobs, '열심히 빨리 잠깐', { by: '직원 학생 농부 군인', at: '집 학교', weight: 1.5, channel: 'hands' }),
  takes('끝내', '숙제 회의 일 발표 공사 수업', '빨리 겨우 무사히', {
    by: '직원 선생님 학생',
    at: '회사 학교',
    aspect: 'instant',
  }),
  takes('시작하', '수업 운동 회의 공연 공사 일', '갑자기 일찍 다시', {
    by: '선생님 감독님 직원',
    at: '회사 학교',
    aspect: 'instant',
  }),
  takes('이기', '경기 친구 형 상대 시합', '쉽게 겨우 크게', {
    by: '선수 군인 현우',
    at: '운동장 서울',
    aspect: 'instant',
  }),
  takes('빌리', n.borrowed, '잠깐 급하게 자주', { by: '대학생 이웃 친구', at: '학교 회사' }),
  takes('받', [...n.gifts, ...n.mail], '기쁘게 많이 자주', { by: '신부 아이 대학생', at: '학교 회사 집' }),
  takes('숨기', '돈 편지 선물 열쇠 사탕', '몰래 깊이 급하게', { by: '도둑 동생', to: '방 창고 마당' }),
  takes('훔치', '돈 반지 그림 빵 자동차 생선', '몰래 감쪽같이 또', {
    by: '도둑 범인',
    subjects: '도둑 범인 남자 여자 청년 점원 이웃',
    at: '백화점 시장 박물관',
  }),
  takes('발견하', '동굴 보물 화석 섬 길', '우연히 처음 드디어', {
    by: '과학자 탐정 박사님',
    at: '바닷가 시골',
    aspect: 'instant',
  }),
  takes('녹음하', '노래 목소리 강의 연주', '몰래 또렷이 처음', {
    by: '가수 기자',
    at: '교실 극장',
    with: '휴대폰',
    weight: 0.5,
  }),
  takes('번역하', '소설 시 논문 편지 책', '정확히 꼼꼼히 빨리', {
    by: '작가 교수님 박사님',
    subjects: [...n.names, ...list('작가 교수님 박사님 대학생 기자 선생님 비서 변호사')],
    at: '도서관 방',
    weight: 0.7,
  }),
  takes('관찰하', '별 나비 새 구름 꽃 개구리', '자세히 오래 조용히', {
    by: '과학자 아이 박사님',
    at: '공원 옥상 강가',
    channel: 'reading',
  }),
  takes('조립하', '의자 컴퓨터 로봇 책상 장난감', '빨리 쉽게 꼼꼼히', {
    by: '수리공 소년 과학자',
    at: '방 창고',
    with: '공구 드라이버',
  }),
  takes('칠하', '벽 의자 지붕 문 상자', '하얗게 예쁘게 고르게', {
    by: '화가 목수 배우',
    at: '마당 학교',
    with: '페인트 붓',
  }),
  takes('싸', '도시락 짐 선물 떡', '정성껏 급하게 예쁘게', {
    by: '어머니 여행자 아버지',
    at: '부엌 집 방',
    with: '보자기',
  }),
  takes('감', '머리 실', '천천히 다시', { by: '소녀 환자', weight: 0.6 }),
  takes('빗', '머리 털', '예쁘게 천천히 곱게', { by: '소녀 신부 미용사', at: '방 거실', weight: 0.6 }),
  gives('주', n.gifts, '기쁘게 급하게 조용히 몰래', {
    by: '산타 이모 삼촌',
    weight: 2,
    at: '집 학교 공원',
    upwards: offer,
  }),
  gives('보내', n.mail, '급하게 자주 몰래 빨리', { by: '사장님 비서 친구', weight: 1.5, with: '택배 우편' }),
  gives('보여주', '사진 그림 책 편지 지도 표 영화', '자랑스럽게 조용히 기쁘게', {
    by: '소년 화가 사진사',
    at: '교실 거실',
    upwards: { stem: '보여드리' },
  }),
  gives('알리', n.informative, '급하게 조용히 먼저', { by: '기자 비서 직원', with: '전화 편지' }),
  gives('빌려주', n.borrowed, '기꺼이 잠깐 선뜻', {
    by: '이웃 친구 대학생',
    at: '학교 도서관',
    upwards: { stem: '빌려드리' },
  }),
  gives(
    '선물하',
    [...n.gifts.filter((gift) => !gift.endsWith('돈') && gift !== '선물'), ...n.accessories],
    '기쁘게 몰래 직접',
    {
      by: '신랑 아버지 민수',
      at: '카페 집',
    },
  ),
  gives('묻', '길 이름 주소 이유 나이 값', '조용히 정중하게 또', {
    irregular: 'ㄷ',
    by: '기자 여행자 승객',
    at: '정류장 교실',
    upwards: { stem: '여쭈' },
  }),
  gives('전하', [...n.mail, '소식', '인사', '안부', '꽃'], '정중하게 급하게 꼭', { by: '비서 직원 스님' }),
  does('자', '푹 편하게 오래 깊이 일찍', {
    by: '아기 동생 할아버지 고양이',
    subjects: [...everyone, '아기', '고양이', '강아지'],
    honorific: sleep,
    at: '방 집 거실 호텔',
    weight: 1.5,
  }),
  does('뛰', '빨리 신나게 힘차게', { irregular: 'full', by: '선수 아이 토끼 말', subjects: eaters, at: outside }),
  does('웃', '크게 환하게 즐겁게', {
    by: '아기 배우 관객',
    subjects: [...everyone, '아기'],
    at: '교실 극장 집',
    channel: 'face',
  }),
  does('울', '크게 슬프게 오래', {
    by: '아기 동생 조카 새',
    subjects: [...everyone, ...list('아기 새 고양이 개구리')],
    at: '방 마당 놀이터',
    channel: 'face',
  }),
  does('쉬', '편하게 푹 오래', {
    irregular: 'full',
    by: '직원 환자 농부',
    at: '집 호텔 공원 병원',
    channel: 'resting',
  }),
  does('놀', '신나게 즐겁게 함께', {
    by: '아이 조카 강아지 어린이',
    subjects: [...n.names, ...list('아이 조카 강아지 어린이 소년 소녀 동생 친구 학생 딸 아들 아기 고양이 가족 대학생')],
    at: outside,
  }),
  does('일하', '열심히 오래 꾸준히', {
    by: '직원 아버지 농부',
    subjects: adults,
    at: '회사 농장 식당 병원',
    channel: 'hands',
  }),
  does('걷', '천천히 빨리 오래', {
    irregular: 'ㄷ',
    by: '할아버지 군인 거북이',
    subjects: eaters,
    at: '공원 강가 바닷가',
    channel: 'legs',
  }),
  does('달리', '빨리 힘차게 멀리', {
    by: '선수 말 소년',
    subjects: [...everyone, ...list('말 강아지 토끼 호랑이 사자 여우')],
    at: '운동장 공원 들판',
    channel: 'legs',
  }),
  does('일어나', '일찍 늦게 빨리', {
    by: '군인 농부 닭',
    subjects: [...everyone, ...list('아기 강아지 고양이 닭')],
    aspect: 'instant',
  }),
  does('떠나', '일찍 먼저 조용히', {
    by: '여행자 기차 배',
    subjects: [...everyone, '기차', '버스', '배', '비행기'],
    weight: 0.8,
    aspect: 'instant',
  }),
  does('춤추', '신나게 즐겁게 멋지게', { by: '가수 무용수 소녀', at: '극장 공원 교실', channel: 'legs' }),
  does('가', '급하게 함께 혼자 천천히', { by: '승객 여행자 학생', to: visited, weight: 2 }),
  does('오', '일찍 늦게 급하게 함께', { by: '손님 친구 승객', to: visited, weight: 1.5 }),
  does('도착하', '일찍 늦게 무사히', {
    by: '기차 버스 승객',
    subjects: [...everyone, '기차', '버스', '택시'],
    to: '서울 부산 경주 강릉 전주 대구',
    aspect: 'instant',
  }),
  does('다니', '열심히 즐겁게 꾸준히', {
    by: '학생 직원 대학생',
    to: '학교 회사 병원 도서관 교회',
    needsPlace: true,
    aspect: 'long',
  }),
  does('살', '행복하게 오래 조용히', {
    by: '농부 어부 이웃',
    to: '서울 부산 시골 제주도 마을 강가',
    needsPlace: true,
    aspect: 'state',
  }),
  does('앉', '조용히 편하게 가만히', {
    by: '관객 손님 고양이',
    subjects: [...everyone, '아기', '고양이', '강아지'],
    to: '의자 벤치 바닥 소파 방석',
    needsPlace: true,
    aspect: 'rest',
  }),
  does('눕', '편하게 조용히 가만히', {
    irregular: 'ㅂ',
    by: '환자 고양이 강아지',
    subjects: [...everyone, '아기', '고양이', '강아지'],
    to: '침대 바닥 소파 잔디밭',
    needsPlace: true,
    aspect: 'rest',
  }),
  does('서', '똑바로 오래 가만히', {
    by: '군인 승객 경찰',
    to: '정류장 마당 복도',
    needsPlace: true,
    aspect: 'rest',
  }),
  does('숨', '조용히 급하게 깊이', {
    by: '도둑 다람쥐 토끼',
    subjects: [...n.people.filter((person) => person !== '아기'), ...list('다람쥐 토끼 고양이 여우')],
    to: '동굴 창고 숲',
    aspect: 'rest',
  }),
  does('살아남', '겨우 무사히 끝까지', {
    by: '군인 호랑이',
    subjects: eaters,
    at: '바다 산속',
    weight: 0.3,
    aspect: 'instant',
  }),
  does('넘어지', '크게 갑자기 또', {
    by: '아이 선수 아기',
    subjects: [...everyone, '아기'],
    at: '운동장 계단 마당',
    aspect: 'instant',
  }),
  does('수영하', '빨리 즐겁게 오래', {
    by: '선수 오리 거북이',
    subjects: [...everyone, '오리', '거북이', '강아지'],
    at: '바다 강가',
  }),
  does('날', '높이 멀리 자유롭게', { by: '새 나비 비행기', subjects: '새 나비 비행기 오리 잠자리', at: '하늘' }),
  does('짖', '크게 사납게 자꾸', { subjects: '강아지 개', at: '마당 골목' }),
  does('기침하', '심하게 자꾸 크게', { by: '환자 할아버지', at: '병원 방' }),
  does('여행하', '즐겁게 오래 혼자', { by: '여행자 작가 대학생', at: '제주도 부산 시골' }),
  does('산책하', '천천히 즐겁게 함께', {
    by: '할머니 강아지 이웃',
    subjects: [...everyone, '강아지'],
    at: '공원 강가 바닷가',
    channel: 'legs',
  }),
  does('운동하', '열심히 꾸준히 조금', { by: '선수 군인 태호', at: '운동장 공원 집' }),
  does('노래하', '아름답게 즐겁게 크게', {
    by: '가수 새 합창단',
    at: '극장 교회 공원',
    channel: 'mouth',
  }),
  does('결혼하', '행복하게 일찍 늦게', {
    by: '신부 신랑 언니',
    subjects: [...n.names, ...list('누나 언니 오빠 형 이모 삼촌 딸 아들 가수 배우 의사 기자')],
    at: '교회 호텔',
    aspect: 'instant',
  }),
  does('늙', '곱게 천천히 많이', {
    subjects: '할머니 할아버지 어머니 아버지 부모님 배우 고양이 소 말',
    weight: 0.3,
    aspect: 'long',
  }),
  does('피', '예쁘게 활짝 일찍', {
    irregular: 'full',
    subjects: '꽃 장미 튤립 해바라기 벚꽃 진달래',
    at: '마당 공원 언덕',
  }),
  does('지', '일찍 천천히', { subjects: '해 꽃 노을 달', weight: 0.5 }),
  does('자라', '빨리 튼튼하게 쑥쑥', {
    by: '아이 나무',
    subjects: [...n.plants, '아이', '아기', '강아지'],
    at: '시골 마당 농장',
    aspect: 'long',
  }),
  does('내리', '많이 갑자기', { subjects: '비 눈 소나기', at: '하늘', weight: 1.2 }),
  does('불어오', '시원하게 세게 갑자기', { subjects: '바람 봄바람 태풍', weight: 0.6 }),
  does('끓', '빨리 뜨겁게', { subjects: n.boiled, at: '부엌', weight: 0.6 }),
  does('녹', '빨리 천천히 금방', { subjects: '눈 얼음 아이스크림 초콜릿 눈사람', at: '마당', weight: 0.7 }),
  does('열리', '갑자기 다시', { subjects: '문 창문 대회 회의 시장', weight: 0.7, aspect: 'instant' }),
  does('멈추', '갑자기 천천히 완전히', { subjects: '버스 기차 시계 비 바람 자동차', weight: 0.7, aspect: 'instant' }),
  does('떨어지', '갑자기 또 툭', { subjects: '낙엽 사과 컵 감 빗방울 지갑', weight: 0.7 }),
  does('고장나', '자주 또 갑자기', { subjects: n.devices, weight: 0.7, aspect: 'instant' }),
  does('있', '조용히 아직 혼자', {
    subjects: everyone,
    honorific: stay,
    to: '집 학교 방 거실 회사 병원 도서관',
    needsPlace: true,
    weight: 1.2,
  }),
];

export const adjectives: readonly Frame[] = [
  is(
    '예쁘',
    [...list('꽃 옷 목소리 얼굴 그림 한복 반지 노을 인형 구두 모자 소녀'), ...n.names.slice(0, 6)],
    '아주 정말 참 무척',
  ),
  is('크', '집 나무 학교 코끼리 상자 목소리 가방 수박 손 발', '아주 정말 꽤 무척'),
  is('작', '방 인형 강아지 글씨 상점 손 발 의자 새 컵', '아주 정말 꽤 무척'),
  is('맛있', [...n.food, '커피', '우유', '식혜', '주스'], '아주 정말 참 무척', { weight: 1.5 }),
  is('재미있', '책 영화 소설 만화 게임 드라마 이야기 수업 축구', '아주 정말 참 무척'),
  is('맵', '떡볶이 김치 라면 찌개 카레 고추 냉면', '아주 정말 너무 꽤', { irregular: 'ㅂ' }),
  is('달', '사과 딸기 수박 사탕 케이크 초콜릿 복숭아 참외 귤', '아주 정말 참 너무'),
  is('짜', '국 찌개 김치 라면 생선 오징어', '아주 너무 조금 꽤'),
  is('시', '귤 자두 김치 포도 레몬', '아주 너무 조금 꽤', { weight: 0.5 }),
  is('뜨겁', '국 물 커피 차 찌개 냄비 햇볕', '아주 너무 꽤 무척', { irregular: 'ㅂ' }),
  is('차갑', '물 주스 손 바람 콜라 냉면 눈', '아주 너무 꽤 무척', { irregular: 'ㅂ' }),
  is('춥', '겨울 날씨 방 교실 바깥 새벽', '아주 너무 꽤 무척', { irregular: 'ㅂ' }),
  is('덥', '여름 날씨 방 교실 버스 낮', '아주 너무 꽤 무척', { irregular: 'ㅂ' }),
  is('무겁', '가방 상자 짐 책상 이불 돌 쌀', '아주 너무 꽤 무척', { irregular: 'ㅂ' }),
  is('가볍', '가방 신발 종이 옷 의자 이불', '아주 정말 꽤 무척', { irregular: 'ㅂ' }),
  is('어렵', '수학 문제 시험 논문 문법 철학 바둑', '아주 너무 꽤 무척', { irregular: 'ㅂ' }),
  is('쉽', '문제 시험 수업 게임 숙제 요리', '아주 정말 꽤 너무', { irregular: 'ㅂ' }),
  is('빠르', '기차 비행기 버스 자동차 토끼 선수 택시', '아주 정말 꽤 무척', { irregular: '르' }),
  is('느리', '거북이 버스 컴퓨터 배', '아주 너무 꽤 무척'),
  is('비싸', '반지 자동차 가방 시계 컴퓨터 코트 집 냉장고', '아주 너무 꽤 무척'),
  is('싸', '과자 연필 양말 우유 공책 빵', '아주 정말 꽤 무척', { weight: 0.6 }),
  is('깨끗하', '방 물 교실 옷 손 거실 그릇', '아주 정말 참 무척'),
  is('더럽', '방 신발 바닥 손 창문 옷', '아주 너무 꽤 무척', { irregular: 'ㅂ' }),
  is('높', '산꼭대기 하늘 빌딩 나무 다리 언덕', '아주 정말 꽤 무척'),
  is('깊', '바다 강 물 잠 호수', '아주 정말 꽤 무척'),
  is('길', '머리 치마 다리 이야기 편지 줄 강', '아주 너무 꽤 무척'),
  is('짧', '치마 머리 바지 연필 시 소설', '아주 너무 꽤 무척'),
  is('넓', '마당 바다 집 운동장 교실 방 거실', '아주 정말 꽤 무척'),
  is('좁', '방 길 부엌 교실 복도', '아주 너무 꽤 무척'),
  is('새롭', '소식 노래 영화 책 기사', '아주 정말 꽤 무척', { irregular: 'ㅂ', weight: 0.6 }),
  is('아름답', '바다 노래 풍경 노을 꽃 한복 신부', '아주 정말 참 무척', { irregular: 'ㅂ' }),
  is('슬프', '영화 소설 노래 이야기 소식', '아주 정말 너무 무척'),
  is('기쁘', [...n.names, ...n.honoured.slice(0, 8)], '아주 정말 참 무척', { before: [] }),
  is('바쁘', [...n.names, ...n.honoured.slice(0, 10), '직원', '농부', '의사'], '아주 정말 너무 무척'),
  is('아프', [...n.names, ...n.honoured.slice(0, 6), '환자', '머리', '손', '배'], '아주 너무 조금 무척', {
    before: [...n.names, ...n.honoured.slice(0, 6), '환자'],
  }),
  is('친절하', [...n.names, ...n.honoured.slice(0, 10), '점원', '간호사', '이웃'], '아주 정말 참 무척'),
  is('건강하', [...n.names, ...n.honoured.slice(0, 8), '아기', '소', '강아지'], '아주 정말 꽤 무척'),
  is('귀엽', '아기 강아지 고양이 인형 토끼 조카 오리', '아주 정말 참 무척', { irregular: 'ㅂ' }),
  is('똑똑하', '강아지 학생 아이 원숭이 과학자 비서', '아주 정말 참 무척'),
  is('조용하', '도서관 방 마을 교실 새벽 시골 바다', '아주 정말 참 무척'),
  is('시끄럽', '교실 시장 음악 버스 아이 공사', '아주 너무 꽤 무척', { irregular: 'ㅂ' }),
  is('따뜻하', '차 방 봄 이불 코트 우유 손 목도리', '아주 정말 참 무척'),
  is('시원하', '바람 물 주스 식혜 수박 가을 냉면', '아주 정말 참 무척'),
  is('튼튼하', '집 다리 의자 책상 신발 소', '아주 정말 꽤 무척', { weight: 0.7 }),
  is('배고프', [...n.names, '아이', '아기', '강아지', '손님'], '아주 정말 너무 조금', { weight: 0.7 }),
  is('착하', [...n.names, '아이', '동생', '딸', '아들', '강아지'], '아주 정말 참 무척', { weight: 0.7 }),
];
