/** Nouns by what they are; the frames of verbs and adjectives speak of these classes. */

export const list = (text: string): readonly string[] => text.trim().split(/\s+/);

/** Given names: spoken of plainly. */
export const names = list('철수 영희 민수 지수 수진 현우 지민 서연 준호 하은 도윤 예린 유나 민지 태호 은지');
/** Others who are spoken of plainly. */
const plain = list(
  '동생 친구 아이 학생 누나 언니 오빠 형 아기 조카 소년 소녀 청년 남자 여자 이웃 후배 딸 아들 어린이 가족',
);
/** People whom a verb honours with -시-. */
export const honoured = list(
  '할머니 할아버지 선생님 어머니 아버지 교수님 사장님 부모님 손님 박사님 스님 원장님 감독님 어르신 고모님 시장님',
);
/** Trades, spoken of plainly in writing. */
const trades = list(
  '화가 가수 목수 농부 어부 경찰 기자 작가 요리사 의사 간호사 배우 선수 군인 상인 점원 정원사 사진사 청소부 제빵사 건축가 수리공 과학자 변호사 비서 승객 관객 대학생 직원 이모 삼촌',
);
export const people = [...names, ...plain, ...trades];

export const animals = list(
  '고양이 강아지 토끼 말 소 돼지 닭 오리 새 원숭이 호랑이 사자 곰 여우 다람쥐 거북이 개구리 염소',
);

export const fruit = list('사과 딸기 바나나 수박 포도 귤 복숭아 참외 자두 감 체리 망고 살구');
const vegetables = list('감자 고구마 당근 오이 양파 배추 토마토 호박 마늘 시금치 가지 옥수수');
export const dishes = list(
  '밥 국 국수 라면 김치 불고기 만두 김밥 떡볶이 비빔밥 찌개 죽 피자 샐러드 카레 볶음밥 냉면 갈비 잡채 치킨 미역국 칼국수 파전 돈가스',
);
const sweets = list('케이크 과자 사탕 떡 빵 초콜릿 아이스크림 쿠키 젤리 호떡');
export const meats = list('고기 생선 새우 오징어 계란 두부');
export const food = [...fruit, ...vegetables, ...dishes, ...sweets, ...meats];
export const baked = list('빵 고기 감자 고구마 생선 케이크 과자 쿠키 피자 새우 오징어');
export const boiled = list('국 라면 찌개 죽 카레 차 국수 물');
export const cooked = [...dishes, ...sweets];

export const drinks = list('물 우유 커피 차 주스 녹차 콜라 홍차 식혜 사이다 두유 생수 유자차 코코아 요구르트');
export const texts = list('책 신문 소설 편지 잡지 시 만화 일기 동화 논문 보고서 기사 교과서 메뉴판 설명서 이메일');
export const writings = list('편지 소설 시 일기 논문 동화 보고서 기사 답장 글');
export const shows = list('영화 드라마 연극 공연 텔레비전 뉴스 경기 그림 사진 노을 전시회 만화 동영상');
export const sounds = list('음악 노래 라디오 강의 소식 이야기 연주 소문 설명 목소리');
export const songs = list('노래 애국가 동요 자장가 민요');
export const clothes = list('옷 바지 치마 코트 외투 한복 셔츠 원피스 교복 스웨터 잠옷 양복 조끼');
export const footwear = list('신발 양말 구두 운동화 장화 슬리퍼');
export const accessories = list('모자 안경 장갑 목도리 반지 시계 목걸이 귀걸이');
export const drawings = list('그림 꽃 나무 바다 얼굴 지도 만화 초상화 풍경 별 고양이 강아지');
export const subjects = list('수학 영어 역사 과학 한국어 음악 미술 경제 철학 문법');
export const skills = list('피아노 수영 태권도 춤 기타 요가 바둑 운전 요리 스키 바이올린 서예');
export const instrumentsOfMusic = list('피아노 기타 바이올린 드럼 가야금 하프');
export const buildings = list('집 학교 병원 도서관 창고 아파트 성 교회 빌딩 기숙사');
export const machines = list('시계 의자 자전거 컴퓨터 지붕 자동차 라디오 책상 냉장고 세탁기 에어컨 휴대폰 우산 수도');
export const devices = list('컴퓨터 텔레비전 라디오 에어컨 세탁기 휴대폰 전등 선풍기 노트북');
export const vehicles = list('자전거 버스 기차 택시 배 비행기 지하철 트럭 오토바이');
export const openings = list('문 창문 상자 서랍 가방 뚜껑 냉장고 지갑 봉투 커튼');
export const rooms = list('방 교실 거실 마당 부엌 화장실 복도 사무실 창고 집 계단');
export const washables = list('손 얼굴 발 과일 그릇 접시 컵 당근');
export const laundry = list('옷 바지 치마 셔츠 양말 이불 수건 교복 커튼');
export const surfaces = list('창문 책상 안경 그릇 칠판 바닥 식탁 거울 구두 자동차');
export const throwables = list('공 돌 원반 눈덩이 쓰레기');
export const catchable = list('물고기 나비 잠자리 도둑 토끼 새 개구리 쥐 범인');
export const raised = list('고양이 강아지 토끼 닭 금붕어 오리 거북이 돼지 소 염소');
export const plants = list('나무 꽃 감자 씨앗 장미 고구마 배추 토마토 소나무 해바라기 튤립');
export const goods = list(
  '가방 우산 시계 연필 안경 모자 장갑 인형 의자 옷 신발 책 사과 빵 우유 꽃 구두 냉장고 컴퓨터 과자 장난감 이불 휴대폰',
);
export const losable = list('가방 우산 시계 연필 안경 열쇠 지갑 반지 휴대폰 장갑 공책 지우개 목걸이 표 강아지');
export const gifts = list('선물 꽃 책 반지 돈 편지 인형 사탕 모자 목걸이 케이크 용돈 장난감 초콜릿');
export const mail = list('편지 선물 사진 소포 엽서 초대장 서류 답장');
export const likable = list(
  '커피 음악 영화 고양이 꽃 수학 여름 겨울 바다 노래 강아지 축구 가을 봄 비빔밥 여행 딸기 눈',
);
export const knowledge = list('영어 수학 과학 역사 한국어 음악 미술 태권도 수영 피아노 문법 춤');
export const informative = list('비밀 이야기 소식 이름 주소 답 사실 결과 약속 이유');
export const jobs = list('숙제 일 청소 운동 빨래 설거지 전화 발표 회의 게임 인사 공부');
export const problems = list('문제 숙제 수수께끼 오해 퍼즐');
export const plansList = list('여행 파티 회의 결혼식 생일 휴가 발표 소풍 시험');
export const cut = list('종이 머리 나무 사과 수박 고기 케이크 당근 양파 천 빵 두부');
export const carried = list('가방 상자 책 의자 책상 짐 물 쌀 나무 이불 소포');
export const broken = list('컵 접시 유리 창문 그릇 거울 꽃병 계란 항아리');
export const pushed = list('문 수레 자동차 유모차 의자 책상 상자 그네');
export const hung = list('그림 옷 수건 사진 달력 모자 커튼');
export const borrowed = list('책 돈 우산 연필 자전거 공책 카메라 지우개 사전');
export const collected = list('우표 돈 인형 사진 동전 책 쓰레기 낙엽 조개');
export const remembered = list('이름 약속 주소 얼굴 생일 전화번호 이야기 고향 날짜');
export const mountains = list('언덕 계단 한라산 백두산 남산 지리산 설악산');
export const ailing = list('환자 강아지 아이 고양이 할머니 상처');

export const places = list(
  '집 학교 공원 도서관 식당 시장 카페 교실 부엌 거실 마당 방 회사 놀이터 서울 부산 바닷가 백화점 병원 극장 마을 운동장 정류장 미술관 농장 강가 박물관 호텔 편의점 서점 제주도 시골 옥상 수영장',
);
export const things = [...new Set([...food, ...drinks, ...texts, ...clothes, ...machines, ...goods, ...losable])];

/** People who are someone's: 우리 할머니, 철수의 친구. A man's 누나 is a woman's 언니, so those are 우리 alone. */
export const kin = list(
  '동생 친구 조카 이웃 후배 딸 아들 이모 삼촌 할머니 할아버지 어머니 아버지 부모님 고모님 선생님',
);
export const siblings = list('누나 언니 오빠 형');
/** Places that are someone's, and places that may be pointed at; the others have names of their own (서울) or are one of a kind. */
export const ownPlaces = list('집 방 학교 회사 마당 부엌 거실 교실 농장');
export const commonPlaces = list(
  '집 학교 공원 도서관 식당 시장 카페 교실 방 놀이터 백화점 병원 극장 마을 운동장 정류장 미술관 박물관 호텔 편의점 서점 수영장',
);
const oneOfAKind = new Set(list('눈 봄 여름 가을 겨울 불 돈 용돈'));
/** What may be someone's: 내 가방, 동생의 옷. */
export const belongings = new Set(
  [
    clothes,
    footwear,
    accessories,
    losable,
    borrowed,
    raised.slice(0, 3),
    list('책 편지 사진 그림 일기 선물 인형 시 소설 논문 답장 휴대폰 컴퓨터 라디오 의자 책상 자전거 짐 장난감'),
  ]
    .flat()
    .filter((noun) => !oneOfAKind.has(noun)),
);
/** What may be pointed at: 이 사과, 그 가수. */
export const pointable = new Set(
  [things, trades, animals, buildings, openings, list('소년 소녀 청년 남자 여자 학생 아이 스님 어르신 할머니 할아버지')]
    .flat()
    .filter((noun) => !oneOfAKind.has(noun)),
);
