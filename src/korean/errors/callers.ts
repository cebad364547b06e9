/** What only callers of the library can get wrong. */
import { said } from '../phrase.ts';
import { misused, type Texts, with_ } from '../said.ts';

export const callers: Texts = {
  indexOutOfRange: misused('번호가 범위를 벗어났어요.'),
  shapeMismatch: misused('모양이 맞지 않아요.'),
  badAttribute: misused('연산의 속성이 맞지 않아요.'),
  badAxis: misused('축이 맞지 않아요.'),
  badHeads: misused('헤드 수가 맞지 않아요.'),
  headsMissing: misused('헤드 수를 적어야 해요.'),
  badKeyLengths: misused('색인(Key)의 길이가 맞지 않아요.'),
  badMask: misused('마스크가 맞지 않아요.'),
  badWindow: misused('창의 크기가 맞지 않아요.'),
  badRotation: misused('회전을 적용할 수 없어요.'),
  badScale: misused('스케일이 맞지 않아요.'),
  badTemperature: misused('온도가 맞지 않아요.'),
  badTensor: misused('텐서가 온전하지 않아요.'),
  brokenCase: misused('검사 자료가 온전하지 않아요.'),
  halfPast: misused('지난 색인(Key)과 내용(Value)은 함께 주어야 해요.'),
  missingInput: misused('입력이 빠졌어요.'),
  noEntries: () => '찾아볼 것이 없어요. key와 value를 하나 이상 주세요.',
  pastAndKeyLengths: misused('함께 줄 수 없는 입력이에요.'),
  unknownOperator: misused('모르는 연산이에요.'),
  unknownSquare: misused('모르는 단계예요.'),
  unknownOption: ({ got, details: d }) =>
    `‘${got}’ 옵션은 없어요.${d.nearest ? ` 혹시 ‘${d.nearest}’인가요?` : ' 빼 주세요.'}`,
  unknownActivation: ({ expected, got }) => `활성화 함수 ${with_(`‘${got}’`, '은')} 없어요. 있는 것: ${expected}.`,
  badThreads: ({ got }) => `스레드를 ${got}개 쓸 수는 없어요. 1부터 64까지의 정수예요.`,
  badSize: misused('크기로 쓸 수 없는 값이에요.'),
  storageTooShort: misused('저장 공간이 크기와 맞지 않아요.'),
  packedMisfit: misused('미리 묶어 둔 행렬이 맞지 않아요.'),
  wrongStorage: ({ what }) => `이 저장 공간은 그렇게 쓸 수 없어요. ${said(what)}.`,
  idOutside: misused('표에 없는 행이에요.'),
  cacheFreed: () => '이미 비운 캐시예요. 새로 만들어 주세요.',
};
