/** The story's shelves: a beginning for a library of one's own. */
export const storyShelves = [
  { tag: '과일 요리', content: '사과 파이 만드는 법은…' },
  { tag: '전자제품', content: '아이폰 수리법은…' },
  { tag: '운동법', content: '아침마다 걷는 법은…' },
  { tag: '디저트', content: '설탕을 졸여 만드는 과자는…' },
] as const;
