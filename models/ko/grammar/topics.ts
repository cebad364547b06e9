/** A library of topics: tags, what is asked about, what is in the books. Questions, tags and contents are written from it. */
import { type Random, seededRandom } from 'siseon/train';
import { pick } from './clause.ts';
import { attach } from './inflection.ts';
import { list } from './nouns.ts';

/** One topic: how a shelf may be labelled, what its readers ask about, and what they want to do with it. */
export interface Topic {
  readonly tags: readonly string[];
  readonly things: readonly string[];
  /** Nouns that follow a thing: 사과 요리법. */
  readonly aspects: readonly string[];
}

const topic = (tags: string, things: string, aspects: string): Topic => ({
  tags: tags.split(',').map((tag) => tag.trim()),
  things: list(things),
  aspects: list(aspects),
});

export const topics: readonly Topic[] = [
  topic(
    '과일 요리, 과일 음식',
    '사과 딸기 복숭아 포도 귤 망고 자두 체리 바나나 참외',
    '요리법 파이 잼 조림 샐러드 주스 손질',
  ),
  topic(
    '디저트, 후식, 달콤한 음식',
    '사과 딸기 케이크 쿠키 초콜릿 아이스크림 젤리 빵 과자 푸딩 호떡',
    '파이 굽기 장식 반죽 만들기 크림 요리법',
  ),
  topic(
    '한식, 한국 음식',
    '김치 불고기 비빔밥 찌개 잡채 국수 만두 떡볶이 갈비 냉면',
    '조리법 양념 요리법 담그기 재료 육수',
  ),
  topic('국과 찌개, 국물 요리', '국 찌개 육수 미역국 된장 두부 죽', '끓이기 양념 국물 재료 요리법'),
  topic('해산물 요리, 생선 요리', '생선 새우 오징어 조개 고등어 게 낙지', '손질 구이 조림 비린내 요리법'),
  topic('음료, 음료수', '커피 녹차 홍차 주스 식혜 우유 두유', '내리기 우리기 향 원두 찻잎'),
  topic(
    '전자제품, 전자 기기',
    '컴퓨터 휴대폰 냉장고 세탁기 텔레비전 에어컨 라디오 노트북',
    '수리 설정 고장 충전 화면 배터리',
  ),
  topic('운동법, 체력 훈련', '근육 달리기 스쿼트 팔굽혀펴기 아령 체조 허리 다리', '단련 자세 횟수 스트레칭 운동'),
  topic('구기 종목, 공놀이', '축구 야구 농구 배구 탁구 테니스', '규칙 전술 연습 경기 기술'),
  topic('수영과 물놀이, 물속 운동', '수영 자유형 배영 접영 잠수 튜브', '호흡 영법 발차기 자세'),
  topic('요가와 명상, 마음 수련', '요가 명상 호흡 마음 긴장 잡념', '동작 자세 수련 비우기 다스리기'),
  topic('건강 상식, 병과 치료', '감기 두통 기침 열 상처 소화 잠 혈압', '예방 증상 약 치료 관리'),
  topic('치아 관리, 이와 잇몸', '이 잇몸 충치 칫솔 치실 사랑니', '양치 통증 검진 교정'),
  topic('육아, 아이 돌보기', '아기 어린이 젖병 기저귀 이유식 낮잠', '돌보기 재우기 놀이 먹이기 달래기'),
  topic('반려동물, 동물 키우기', '강아지 고양이 토끼 금붕어 햄스터 거북이', '사료 산책 훈련 목욕 예방접종'),
  topic('야생 동물, 동물 이야기', '호랑이 사자 곰 여우 코끼리 다람쥐 원숭이 독수리', '습성 먹이 서식지 사냥 겨울잠'),
  topic('곤충, 벌레', '나비 잠자리 개미 벌 매미 무당벌레 거미', '날개 채집 애벌레 탈바꿈'),
  topic('원예, 꽃과 나무 가꾸기', '꽃 장미 나무 화분 튤립 해바라기 잔디 선인장', '심기 물주기 가지치기 거름 분갈이'),
  topic('농사, 밭농사', '벼 배추 감자 고구마 옥수수 콩 밭', '파종 수확 비료 재배 병충해'),
  topic('자동차 정비, 차 수리', '자동차 엔진 타이어 브레이크 트럭 오토바이', '정비 교체 소음 점검 오일'),
  topic('대중교통, 탈것', '버스 지하철 기차 택시 고속버스', '노선 요금 시간표 환승 예매'),
  topic('국내 여행, 나라 안 여행지', '제주도 부산 경주 강릉 전주 여수', '명소 숙소 일정 맛집 관광'),
  topic('해외여행, 외국 나들이', '비행기 여권 파리 도쿄 뉴욕 런던 환율', '항공권 비자 숙박 입국 환전'),
  topic('등산과 캠핑, 산과 야영', '등산 캠핑 한라산 설악산 텐트 침낭', '준비물 야영 안전 장비 요령'),
  topic('음악, 악기 연주', '피아노 기타 바이올린 드럼 가야금 노래', '연주법 악보 화음 음계 조율'),
  topic('미술, 그림 그리기', '그림 물감 붓 초상화 풍경 수채화 색연필', '채색 스케치 구도 명암 기법'),
  topic('사진, 사진 찍기', '사진 카메라 렌즈 야경 인물 필름', '촬영 초점 노출 보정 구도'),
  topic('영화와 연극, 극장 이야기', '영화 연극 배우 감독 드라마 주인공', '줄거리 결말 연기 대사 평론'),
  topic('문학, 소설과 시', '소설 시 동화 수필 작가 주인공', '줄거리 감상 문장 비유 독서'),
  topic('글쓰기, 작문', '편지 일기 보고서 논문 자기소개서 기사', '작성 문장 형식 맞춤법 서론'),
  topic('수학, 셈과 도형', '방정식 분수 함수 삼각형 확률 미분 구구단', '풀이 공식 증명 계산 정리'),
  topic('과학 실험, 자연 과학', '물질 원자 자석 전기 빛 세포 온도', '실험 원리 반응 측정 법칙'),
  topic('우주와 천문, 별과 행성', '별 달 행성 태양 은하 로켓 망원경', '관측 궤도 거리 탄생 탐사'),
  topic('날씨와 기후, 하늘의 변화', '비 눈 태풍 구름 바람 장마 기온', '예보 원인 대비 기압 관찰'),
  topic('역사, 옛날 이야기', '조선 고려 신라 왕 전쟁 궁궐 독립운동', '연표 제도 유물 사건 문화재'),
  topic('외국어, 말 배우기', '영어 중국어 일본어 스페인어 단어 발음', '회화 문법 번역 듣기 암기'),
  topic('컴퓨터 프로그램, 코딩', '코드 프로그램 알고리즘 웹사이트 앱 변수', '개발 오류 설계 함수 배포'),
  topic('경제와 투자, 돈 관리', '주식 저축 적금 부동산 용돈 대출 펀드', '투자 이자 수익 가계부 위험'),
  topic('법률 상식, 법과 재판', '계약 소송 재판 변호사 권리 상속', '절차 판결 조항 상담 서류'),
  topic('취업과 면접, 일자리', '면접 이력서 회사 직장 연봉 자격증', '지원 합격 준비 질문 경력'),
  topic('옷과 유행, 패션', '옷 치마 바지 코트 한복 구두 가방', '코디 색깔 유행 치수 소재'),
  topic('바느질과 뜨개질, 옷감 공예', '실 바늘 목도리 스웨터 단추 천', '뜨기 꿰매기 매듭 무늬 수선'),
  topic('집 꾸미기, 인테리어', '거실 벽지 커튼 조명 가구 침대 소파', '배치 도배 색상 꾸미기 공간'),
  topic('청소와 정리, 집안일', '방 화장실 먼지 얼룩 빨래 설거지 곰팡이', '청소 정돈 세제 제거 정리'),
  topic('목공, 나무 공예', '의자 책상 선반 톱 망치 서랍', '조립 못질 사포 도면 제작'),
];

type TextFrame = (thing: string, aspect: string) => string;

const questionFrames: readonly TextFrame[] = [
  (thing, aspect) => `${thing} ${aspect}에 대해 알고 싶어`,
  (thing, aspect) => `${thing} ${aspect}에 대해 알려 줘`,
  (thing, aspect) => `${thing} ${aspect}에 대한 책이 있을까요?`,
  (thing, aspect) => `${thing} ${aspect}에 관한 자료를 찾아 주세요`,
  (thing, aspect) => `${thing} ${attach(aspect, '가')} 궁금해`,
  (thing, aspect) => `${thing} ${aspect} 좀 알려 주세요`,
  (thing, aspect) => `${thing} ${aspect}에 대한 설명을 읽고 싶어요`,
  (thing, aspect) => `${thing} ${aspect} 쪽은 어디에 있어?`,
  (thing, aspect) => `${thing} ${aspect} 자료를 찾고 있어`,
  (thing, aspect) => `${thing} ${attach(aspect, '를')} 설명하는 책이 있어?`,
  (thing) => `${thing}에 관한 책을 보여 줘`,
  (thing) => `${thing}에 대해서 무엇을 읽으면 좋을까?`,
  (thing) => `${thing} 이야기가 나오는 책이 있나요?`,
  (thing, aspect) => `${thing} 때문에 고민인데 ${aspect} 정보가 필요해요`,
  (thing, aspect) => `${thing} ${attach(aspect, '를')} 잘 모르겠어요`,
  (thing, aspect) => `어제부터 ${thing} ${attach(aspect, '를')} 찾았는데 못 찾았어`,
  (thing) => `${thing}에 대해 물어봐도 될까요?`,
  (thing, aspect) => `${aspect} 책 있나요? ${thing} 쪽으로요`,
  (thing, aspect) => `친구가 ${thing} ${aspect}에 대해 물어봤어`,
  (thing) => `${thing} 이야기를 읽고 싶다`,
  (thing, aspect) => `아이에게 ${thing} ${attach(aspect, '를')} 설명해야 해`,
  (thing, aspect) => `${thing} 책을 읽다가 ${attach(aspect, '가')} 궁금해졌어`,
  (thing, aspect) => `${thing} ${aspect} 책을 추천해 주세요`,
  (thing) => `${thing}에 대한 좋은 책을 골라 줘`,
  (thing, aspect) => `왜 ${thing} ${attach(aspect, '가')} 중요해?`,
  (thing, aspect) => `${thing} ${aspect}`,
  (thing) => `${thing} 책`,
  (thing, aspect) => `${thing} ${aspect}에 대해 뭐부터 읽어야 해?`,
  (thing, aspect) => `${attach(aspect, '를')} 알고 싶은데 ${thing} 책은 어디 있어?`,
];
/** Kept from training: the test asks in these words. */
const unseenFrames: readonly TextFrame[] = [
  (thing, aspect) => `요즘 ${thing} ${aspect}에 관심이 많아요`,
  (thing, aspect) => `누가 나에게 ${thing} ${attach(aspect, '를')} 가르쳐 주면 좋겠다`,
  (thing) => `${thing} 잘하는 비결 좀`,
  (thing, aspect) => `${attach(thing, '는')} 처음인데 ${aspect}부터 시작할까?`,
];
const contentFrames: readonly TextFrame[] = [
  (thing, aspect) => `이 책은 ${thing} ${attach(aspect, '를')} 쉽게 설명한다`,
  (thing, aspect) => `${thing} ${aspect}에 대해 알아 두면 좋은 것들`,
  (thing, aspect) => `${thing} ${attach(aspect, '는')} 다음과 같다`,
  (thing, aspect) => `${thing} ${attach(aspect, '를')} 알아보자`,
  (thing, aspect) => `${thing} ${aspect}에 관한 모든 것을 담았다`,
  (thing, aspect) => `${attach(thing, '와')} 관련된 ${attach(aspect, '를')} 차례로 다룬다`,
  (thing, aspect) => `처음 배우는 사람을 위한 ${thing} ${aspect}`,
];

export interface LibraryTriple {
  readonly topic: number;
  readonly question: string;
  readonly tag: string;
  readonly content: string;
}

/** A question, a tag and a content of one topic; the test's questions come from frames of their own. */
export function writeTriple(
  random: Random,
  topicIndex = Math.floor(random() * topics.length),
  unseen = false,
): LibraryTriple {
  const { tags, things, aspects } = topics[topicIndex]!;
  const draw = (frames: readonly TextFrame[]): string =>
    pick(random, frames)(pick(random, things), pick(random, aspects));
  return {
    topic: topicIndex,
    question: draw(unseen ? unseenFrames : questionFrames),
    tag: pick(random, tags),
    content: draw(contentFrames),
  };
}

/** Triples of different topics, so that each question has one right tag among them. */
export function writeTriples(random: Random, count: number): LibraryTriple[] {
  const order = [...topics.keys()];
  for (let last = order.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return order.slice(0, count).map((index) => writeTriple(random, index));
}

/** Whether two texts share a morpheme of two syllables or more, or a whole word. */
export const sharesMorpheme = (a: string, b: string): boolean => {
  const grams = (text: string): Set<string> =>
    new Set(
      text
        .split(' ')
        .flatMap((word) => (word.length < 2 ? [word] : [...word].slice(1).map((_, i) => word.slice(i, i + 2)))),
    );
  const own = grams(a);
  return [...grams(b)].some((gram) => own.has(gram));
};

/** Questions from unseen frames, each with tags of as many topics as asked for, the right one among them. */
export function libraryQuestions({ seed, count, tags: size }: { seed: number; count: number; tags: number }): {
  question: string;
  tags: string[];
  right: number;
}[] {
  const random = seededRandom(seed);
  const found = new Map<string, { question: string; tags: string[]; right: number }>();
  while (found.size < count) {
    const { topic: own, question } = writeTriple(random, Math.floor(random() * topics.length), true);
    // Topics that know the thing asked about as their own would be right as well.
    const others = [...topics.keys()].filter(
      (index) => index !== own && !topics[index]!.things.some((thing) => question.includes(thing)),
    );
    const chosen = [own];
    while (chosen.length < size) {
      const other = pick(random, others);
      if (!chosen.includes(other)) chosen.push(other);
    }
    const right = Math.floor(random() * size);
    [chosen[0], chosen[right]] = [chosen[right]!, chosen[0]!];
    found.set(question, { question, tags: chosen.map((index) => pick(random, topics[index]!.tags)), right });
  }
  return [...found.values()];
}

/** Words of the topics, for the vocabulary. */
export const topicWords: readonly string[] = [
  ...new Set(
    topics.flatMap(({ tags, things, aspects }) => [...things, ...aspects, ...tags.flatMap((tag) => tag.split(' '))]),
  ),
];
