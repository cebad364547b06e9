/** Of traces, measures, edits and trainings. */
import { phrase, said } from '../phrase.ts';
import { contrast, count, list, misused, range, type Texts, with_ } from '../said.ts';

const ofTraces: Texts = {
  noStage: ({ details: d, what }) =>
    what.startsWith('a path ends')
      ? `경로는 헤드가 읽는 것(query, key, value)에서 끝나요. ${d.name}에서 끝날 수는 없어요.`
      : `‘${d.name}’ 단계가 없어요. 단계의 이름은 layers.0.weights처럼 적고, 목록은 docs/formats.md에 있어요.`,
  anotherModel: ({ expected, got }) => `기록한 모델(${expected})과 다른 모델(${got})이에요. 기록한 모델을 써 주세요.`,
  noNames: ({ what, expected, details: d }) =>
    `‘${d.name}’ 단계에는 ${what.startsWith('Hugging') ? 'Hugging Face' : 'TransformerLens'}의 이름이 없어 그 이름으로 저장할 수 없어요. 이름이 있는 단계: ${expected}.`,
  namesNotInFormat: () =>
    '다른 도구의 이름(--names)은 .safetensors와 .npz에만 써요. 그 둘 가운데 하나로 저장하거나 --names를 빼 주세요.',
  notATrace: ({ what }) =>
    `${what.replace(' is no trace that this package saved', '')}: siseon trace로 저장한 파일이 아니에요.`,
  noMeaning: ({ what, expected }) => `${said(what)}. 뜻이 있는 곳: ${said(expected)}.`,
  noGradient: ({ got }) => `이 실행은 기울기로 되짚을 수 없어요. 가중치, 온도, 가리기를 바꾼 편집이 있어요(${got}).`,
  noWeights: ({ what, got }) =>
    `${what.replace(' holds no attention weights', '')}에 어텐션 가중치가 없어요(있는 것: ${said(got)}). TransformerLens라면 hook_pattern을, 허깅페이스라면 output_attentions=True로 얻은 attentions를 저장해 주세요.`,
  badWeightsShape: ({ what, expected, got }) =>
    `${what.replace('the weights in ', '')}: 가중치의 모양이 ${with_(got, '이에요')}. 있어야 할 것: ${said(expected)}.`,
  noSuchBatch: ({ what, expected }) => `${count(what)}번 글이 없어요: ${range(expected)}.`,
  noSuchStack: ({ details: d }) => `${d.source}에 --stack ${d.asked}에 해당하는 어텐션이 없어요(있는 것: ${d.held}).`,
};

const ofMeasures: Texts = {
  badTreebank: (one) =>
    `${one.details.file} ${one.details.line}번째 줄이 CoNLL-U에 맞지 않아요: ${phrase(`${one.details.problem}`) ?? '읽을 수 없어요'}.${contrast(one)} 형식은 universaldependencies.org/format.html에 있어요.`,
  tokensDoNotAlign: ({ details: d }) =>
    `토큰과 단어가 맞물리지 않아요. 단어 ${d.words}, 토큰 ${d.tokens}. 이 문장을 빼거나 --strict를 빼 주세요.`,
  nothingToMeasure: ({ details: d }) =>
    `잴 수 있는 문장이 없어요: 문장 ${d.sentences}개 가운데 ${d.tooLong}개는 너무 길고 ${d.unaligned}개는 토큰과 단어가 맞물리지 않아요. 모델이 읽을 수 있고 같은 관계가 있는 문장이 둘 이상이어야 해요. 하나로 고르고 하나로 재요.`,
  tooLongForOverview: ({ expected, got }) =>
    `모든 헤드를 한눈에 보려면 단어가 ${count(expected)}개까지여야 하는데 ${got}개예요. 한 문장이나 한 문단만 주세요.`,
  tooLongForFlow: ({ expected, got }) =>
    `흐름은 ${count(expected)}토큰까지 계산하는데 ${got}토큰이에요. 글을 줄여 주세요.`,
  compareWhat: () => '무엇과 견줄지 하나만 적어 주세요: 다른 글(또는 --other-ids), --with 모델, --edits 파일.',
  differentModels: ({ expected, got }) =>
    `두 모델의 층과 헤드 수가 달라요(${expected}, ${got}). 같은 구조의 모델끼리 견줘 주세요.`,
  differentLengths: ({ details: d, what }) => {
    if (what.startsWith('an order')) return `순서를 정하는 수가 토큰마다 하나씩이 아니에요(${list(d.lengths)}).`;
    return what.startsWith('this classifier')
      ? `이 분류기의 디코더는 인코더가 읽는 글을 한 토큰 늦게 읽어요. 길이가 달라요(${list(d.lengths)}). 디코더의 글은 적지 마세요.`
      : `두 글의 토큰 수가 달라요(${list(d.lengths)}). 어느 자리끼리 짝인지 정해야 해요.`;
  },
  nothingAligns: ({ got }) =>
    got === 'no pair of positions'
      ? '짝지은 자리가 하나도 없어요. 어느 자리끼리 짝인지 정해 주세요.'
      : `두 글에 같은 단어가 하나도 없어 짝지을 수 없어요(${got.replace('" and "', '", "')}).`,
  alignedTwice: ({ details: d }) =>
    `자리 ${with_(d.position, '이')} 두 짝에 들어 있어요. 한 자리는 한 짝에만 넣어 주세요.`,
  noCounterpart: ({ details: d }) =>
    `예측을 읽는 자리 ${d.position}의 짝이 다른 글에 없어요. 두 글에 모두 있는 단어를 고르거나, 어느 자리끼리 짝인지 정해 주세요.`,
  nothingToExplain: ({ got }) =>
    `두 실행의 예측이 같아서(${got.replace(' in both', '')}) 나눌 차이가 없어요. 예측이 달라지는 글이나 토큰을 골라 주세요.`,
  badPath: ({ expected, got }) =>
    `경로는 낮은 층에서 더 높은 층으로만 가요: 받는 층은 ${count(expected)}보다 높아야 하는데 ${with_(`${count(got)}층`, '이에요')}.`,
};

const ofEdits: Texts = {
  badEdits: ({ what }) =>
    `${what.replace(' holds no edits', '')}: 편집 목록이 아니에요. kind가 있는 편집들의 JSON 배열이나, 저장한 트레이스, 페이지에서 저장한 JSON이어야 해요(docs/lens.md).`,
  badEdit: misused('할 수 없는 편집이에요.'),
  badWeights: (one) => `이 글의 가중치가 될 수 없어요.${contrast(one)}`,
};

const ofTrainings: Texts = {
  vocabularyTooSmall: ({ what }) =>
    `어휘에 없는 글자가 있어요: ${what.replace('the vocabulary has no token for ', '').replace(' in ', ', ')}. 어휘에 더하거나 "tokenizer": "characters"로 두세요.`,
  badGrammar: ({ what, got }) =>
    `문법 모듈이 글을 쓰지 못해요. ${said(what)}${got && ` (${said(got)})`}. writeText(random)가 문장 하나를 돌려줘야 해요. examples/sorting/grammar.mjs를 보세요.`,
  badTrainingState: ({ what }) =>
    `${what.replace(' is not the state of a training', '')}: 학습 상태가 아니에요. 지우고 새로 시작해 주세요.`,
  stateDoesNotFit: ({ details: d }) =>
    `하던 학습과 설정이 달라요: ${(d.problems as string[]).slice(0, 5).map(said).join('; ')}. 처음 설정으로 이어 가거나, 상태를 지우고 새로 시작해 주세요.`,
  lossNotFinite: ({ details: d }) =>
    `${d.step}단계에서 손실이 유한하지 않아요. 학습률을 낮추거나 warmUp을 늘려 주세요. 그 전에 저장한 것은 그대로예요.`,
};

export const runs: Texts = { ...ofTraces, ...ofMeasures, ...ofEdits, ...ofTrainings };
