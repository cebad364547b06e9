/**
 * Every error in Korean, by its code. Where a file's fault is told in English by the reader that found it, the Korean
 * sentence says what kind of fault it is and what to do, and quotes the finding.
 */
import type { SiseonError } from '../platform/errors.ts';
import { particle } from '../views/language.ts';

interface Said {
  readonly details: Readonly<Record<string, unknown>>;
  readonly what: string;
  readonly expected: string;
  readonly got: string;
  /** The system's code of what went wrong with a file. */
  readonly system: string | undefined;
}
type Text = (said: Said) => string;

const reasons: Readonly<Record<string, string>> = {
  ENOENT: '그런 파일이나 폴더가 없습니다',
  EACCES: '권한이 없습니다',
  EPERM: '권한이 없습니다',
  EISDIR: '폴더입니다',
  ENOTDIR: '경로의 한 부분이 폴더가 아니라 파일입니다',
  EEXIST: '같은 이름의 파일이 이미 있습니다',
  ENOSPC: '디스크가 가득 찼습니다',
  EROFS: '읽기 전용 디스크입니다',
  EDQUOT: '디스크 할당량을 다 썼습니다',
  ENAMETOOLONG: '이름이 너무 깁니다',
  ELOOP: '링크가 서로 맴돕니다',
  EINVAL: '파일 이름으로 쓸 수 없는 경로입니다',
};

const gigabytes = (bytes: unknown): string => `${(Number(bytes) / 1e9).toFixed(1)} GB`;
const list = (value: unknown): string => (value as readonly unknown[]).join(', ');
/** A word with its particle. */
const with_ = (word: unknown, kind: Parameters<typeof particle>[1]): string => `${word}${particle(`${word}`, kind)}`;
/** "0 to 5" as Korean says it; a lone "0" too. */
const range = (expected: string): string => {
  const [, from, to] = /^(\d+) to (\d+)/.exec(expected) ?? [];
  return from === undefined ? `${expected}만 있습니다` : `${from}부터 ${to}까지입니다`;
};
/** The number in "at most 16 tokens". */
const count = (expected: string): string => /\d+/.exec(expected)?.[0] ?? '1';
/** What the reader of a file found, quoted in its own words. */
const found = (said: Said): string => ` (${said.details.problem ? `${said.details.problem}` : said.what})`;
/** The path of a file and why it could not be used. */
const path = ({ details, what, system }: Said, kind: '을' | '에'): string => {
  const name = details.path ?? /(?:read|write|make the folder|remove) (.+?):/.exec(what)?.[1] ?? '';
  const problem = what.slice(what.indexOf(': ') + 2);
  const why =
    (system && reasons[system]) || (problem === 'it is not UTF-8 text' ? 'UTF-8로 적은 글이 아닙니다' : problem);
  return `${kind === '을' ? with_(name, '을') : `${name}에`} ${kind === '을' ? '읽을' : '쓸'} 수 없습니다: ${why}.`;
};
const outOf =
  (name: string): Text =>
  ({ details: d }) =>
    `${with_(`${name} ${d.index}`, '이')} 없습니다: 0부터 ${d.last}까지입니다.`;
const damaged =
  (format: string, next: string): Text =>
  (said) =>
    `${said.details.file ?? '파일'}: 온전한 ${format} 파일이 아닙니다${found(said)}. ${next}`;
const misused =
  (sentence: string): Text =>
  ({ what, expected, got }) =>
    `${sentence} ${what}${expected && `: ${expected}`}${got && ` (받은 값 ${got})`}.`;

const texts: Readonly<Record<string, Text>> = {
  emptyText: ({ details, what }) =>
    details.file || / holds no text$/.test(what)
      ? `${what.replace(/ holds no text$/, '')}에 글이 없습니다. 한 줄에 한 문장씩 적어 주세요.`
      : '살펴볼 글이 없습니다. 단어를 하나 이상 적어 주세요.',
  textTooLong: ({ details: d, expected, got, what }) =>
    d.tokens === undefined
      ? `${what}: ${count(expected)}토큰까지인데 ${got}토큰입니다. 문장을 줄이거나 model.positions를 늘려 주세요.`
      : `글이 모델이 읽을 수 있는 길이를 넘습니다: 최대 ${d.positions}토큰인데 ${d.tokens}토큰입니다. 글을 줄여 주세요.`,
  wordNotFound: ({ details: d }) =>
    `글에 ‘${d.wanted}’${particle(String(d.wanted), '이')} 없습니다. ${d.nearest ? `‘${d.nearest}’${particle(String(d.nearest), '을')} 찾으셨나요?` : `단어: ${list(d.words)}`}`,
  wordAmbiguous: ({ details: d }) =>
    `‘${d.wanted}’${particle(String(d.wanted), '이')} ${(d.indices as number[]).length}번 나옵니다. 번호로 골라 주세요: ${(d.indices as number[]).join(' 또는 ')}.`,
  wordOutOfRange: ({ details: d }) => `${d.wanted}번 단어가 없습니다: 0부터 ${d.last}까지입니다.`,
  layerOutOfRange: outOf('층'),
  headOutOfRange: outOf('헤드'),
  tokenOutOfRange: ({ what, expected }) => `${/\S*$/.exec(what)?.[0]}번 토큰이 없습니다: ${range(expected)}.`,
  idOutOfRange: ({ expected, got }) => `토큰 번호 ${with_(got, '은')} 어휘에 없습니다: ${range(expected)}.`,
  indexOutOfRange: misused('번호가 범위를 벗어났습니다.'),
  textOrIds: () => '글과 --ids 가운데 하나가 필요합니다. 둘을 함께 줄 수는 없습니다.',
  optionUnheeded: ({ what, details: d }) => {
    const option = what.replace(' would do nothing here', '');
    const needs = {
      text: '--ids 말고 글이 있어야 합니다.',
      chat: '--chat과 함께 써 주세요.',
      temperature: '온도 0에서는 뽑지 않고 가장 그럴듯한 토큰을 씁니다. --temperature를 0보다 크게 주세요.',
      tokens: '토큰을 말하는 모델에서만 씁니다.',
      by: '--by mean이나 --by resample과 함께 써 주세요.',
      noHeads: '--heads로 한꺼번에 빼면 모든 자리를 보여 줍니다. 예측 하나를 따라가려면 --heads를 빼 주세요.',
      into: '--into와 함께 써 주세요.',
      noInto: '--into의 경로는 실행해서 잽니다. --into를 빼면 모든 헤드를 어림합니다.',
      noTreebank: '--treebank의 문장으로 잽니다. 둘 가운데 하나만 적어 주세요.',
      treebank: '--treebank 파일과 함께 써 주세요.',
      tokenLabels: '토큰마다 이름표를 붙이는 분류기에서만 씁니다.',
      decoder: '디코더의 층(decoder.N이나 cross.N)을 적어 주세요.',
    };
    const way = needs[d.needs as keyof typeof needs] ?? '토크나이저가 있는 모델이 있어야 합니다.';
    return `${option}${particle(option, '은')} 여기서 아무것도 바꾸지 않습니다. ${way}`;
  },
  noText: () => '토큰 번호로만 기록한 것이어서 단어가 없습니다. 글로 기록해 주세요.',
  noTokenizer: ({ what }) =>
    `${what.split(' has no')[0]}에 tokenizer.json이 없어 글을 읽지 못합니다. 토크나이저가 있는 모델을 쓰거나, 되는 명령에서는 --ids 1,2,3처럼 토큰 번호를 주세요.`,
  noSuchToken: ({ what }) =>
    `${what.replace(' is not in the vocabulary', '')}: 어휘에 없는 토큰입니다. 어휘에 적힌 그대로, 또는 번호로 적어 주세요.`,

  cannotRead: (said) =>
    said.what.startsWith('cannot load the module')
      ? `${said.what.replace(/^cannot load the module /, '').replace(/: /s, '의 모듈을 불러올 수 없습니다: ')}`
      : path(said, '을'),
  cannotPrint: ({ what, system }) =>
    `표준 출력에 쓸 수 없습니다: ${(system && reasons[system]) || what.slice(what.indexOf(': ') + 2)}.`,
  cannotWrite: (said) => `${path(said, '에')} 그곳의 것은 바뀌지 않았습니다.`,
  unknownFormat: ({ what, expected }) =>
    `${what.replace(' says no format', '')}: 형식을 알 수 없습니다. 이름이 ${expected.replace('a name ending in ', '').replace(' or ', ', ')} 가운데 하나로 끝나야 합니다.`,
  badJson: (said) =>
    `JSON이 아닙니다: ${said.what.replace(' is not JSON', '')}${said.got && ` (${said.got})`}. 파일을 고쳐 주세요.`,

  hubNotFound: ({ details: d }) =>
    `${d.model ?? '허브'}${d.model ? particle(String(d.model), '을') : '에서'} 찾지 못했습니다. 이름과 판(revision)을 확인해 주세요. 폴더라면 경로를 적어 주세요.`,
  hubRefused: ({ details: d }) =>
    `${with_(d.model, '은')} 공개되지 않았거나 동의가 필요하거나 없는 모델입니다(${d.status}). 이름을 확인하고, ${d.page} 에서 약관에 동의한 다음 HF_TOKEN에 읽기 권한이 있는 토큰을 넣어 주세요.${d.withToken ? ' 지금 쓰인 토큰으로는 읽을 수 없습니다.' : ''}`,
  hubUnavailable: ({ details: d }) =>
    `${with_(d.model ?? d.name, '을')} 받지 못했습니다(${d.problem}). 연결을 확인하고 다시 해 보세요. 받은 데까지는 남아 있어 이어서 받습니다.`,
  hubOffline: ({ details: d }) =>
    `${with_(d.model, '이')} 캐시에 다 있지 않고, HF_HUB_OFFLINE이 켜져 있어 받을 수 없습니다. HF_HUB_OFFLINE을 끄거나, 모델이 있는 폴더를 HF_HOME에 적어 주세요.`,
  hubDamaged: ({ details: d }) =>
    `${d.name}의 내용이 허브가 알려 준 것과 다릅니다. 서버나 중간(프록시, 로그인 화면)에서 바뀐 것이니, 나중에 다시 하거나 다른 길로 받아 주세요.`,

  cancelled: () => '멈추었습니다. 받은 데까지는 남아 있어, 같은 명령을 다시 하면 이어서 받습니다.',
  badHubToken: () =>
    'HF_TOKEN(또는 로그인이 남긴 파일)이 허브의 토큰이 아닙니다. hf_로 시작하는 한 줄이어야 합니다. 허브 설정에서 다시 복사하거나, 공개 모델이면 지워 주세요.',
  noRevision: ({ details: d }) =>
    `${d.name}@ 뒤에 판(브랜치, 태그, 커밋)이 없습니다. 최신 판이면 @를 빼고 ${d.name}만 적어 주세요.`,
  noChatTemplate: ({ details: d }) =>
    `${d.name}에 대화 틀(chat template)이 없습니다. 대화용 모델이 아닐 수 있으니, --chat 없이 이어 쓸 글을 주세요.`,

  modelTooLarge: ({ details: d }) =>
    `${with_(d.name, '은')} 메모리에 다 들어가지 않습니다: 매개변수가 ${gigabytes(d.parameterBytes)}인데 ${gigabytes(d.room)}까지 담을 수 있습니다. 같은 계열의 더 작은 모델을 써 주세요.${(d.types as string[] | undefined)?.[0] === 'f32' ? ' 같은 모델을 bfloat16이나 float16으로 저장해도 됩니다.' : ''}`,
  noConfig: ({ what, got }) => {
    const why: Readonly<Record<string, string>> = {
      'no name': '이름이 비어 있습니다',
      'nothing of that name': '그런 파일이나 폴더가 없습니다',
      'a file that does not end in .gguf': '.gguf로 끝나지 않는 파일입니다',
    };
    return `${what.replace(' is no model', '')}: 모델이 아닙니다. config.json과 model.safetensors가 있는 폴더나 .gguf 파일을 주세요. (${why[got] ?? 'config.json이 없습니다'}.)`;
  },
  noParameters: ({ what, got }) =>
    `${what.replace(' has no parameters', '')}에 매개변수 파일이 없습니다: model.safetensors나 pytorch_model.bin이 있어야 합니다(있는 것: ${got}).`,
  badShardIndex: (said) => `나뉜 매개변수 파일들이 서로 맞지 않습니다${found(said)}. 다시 받아 주세요.`,
  parametersDoNotFit: ({ details: d }) =>
    `매개변수가 config.json과 맞지 않습니다: ${(d.problems as string[]).join('; ')}. 한 체크포인트의 파일들을 함께 써 주세요.`,
  parameterNotFinite: ({ what }) =>
    `매개변수에 유한하지 않은 값이 있습니다(${what}). 체크포인트가 깨졌거나 학습이 발산했습니다.`,
  unknownFamily: ({ expected, got }) =>
    `config.json${got === 'nothing' ? '에 model_type이 없습니다' : `의 model_type이 ${got}입니다`}. 이 판이 읽는 계열은 ${expected.replace('one of ', '')}입니다.`,
  unknownConfigField: ({ details: d }) =>
    `config.json에 모르는 항목이 있습니다: ${list(d.fields)}. 계산을 바꿀 수 있어 읽지 않습니다.`,
  badConfig: ({ details: d, what, expected, got }) =>
    d.problems
      ? `설정이 맞지 않습니다. ${what}. 항목은 docs/formats.md에 있습니다.`
      : `${what}: ${got}${particle(got, '은')} 쓸 수 없습니다(${expected}). 이 체크포인트의 파일인지 확인해 주세요.`,
  badSafetensors: damaged('safetensors', '잘렸거나 깨졌습니다. 다시 받아 주세요.'),
  badGguf: damaged('GGUF', '허깅페이스 배치의 체크포인트나 다른 양자화를 써 보세요.'),
  badPickle: damaged(
    'PyTorch',
    '텐서만 읽고 안의 코드는 실행하지 않습니다. 믿는 파일이라면 safetensors로 바꿔 주세요.',
  ),
  badParquet: damaged('Parquet', 'siseon trace 문장 --save 파일.parquet으로 다시 저장해 주세요.'),
  badNpz: damaged('npz', 'numpy.savez로 다시 저장해 주세요.'),
  badTokenizer: (said) =>
    said.details.problem || said.what.startsWith('tokenizer.json')
      ? `tokenizer.json을 읽을 수 없습니다${found(said)}. 파일을 확인해 주세요.`
      : `토크나이저를 쓸 수 없습니다${found(said)}.`,
  unknownTokenizer: ({ what, expected, got }) =>
    `${what}: ${got === 'nothing' ? '비어 있습니다' : `${got}입니다`}. 이 판이 읽는 것: ${expected.replace('one of ', '')}.`,
  sentencePieceTokenizer: ({ details: d }) =>
    `${with_(d.file, '은')} SentencePiece 모델입니다. 파이썬에서 AutoTokenizer.from_pretrained(FOLDER, use_fast=True).save_pretrained(FOLDER)로 tokenizer.json을 만들어 주세요.`,
  tokenizerDoesNotFit: ({ expected, got }) =>
    `토크나이저의 토큰(${got}개)이 모델의 어휘(${count(expected)}개)보다 많습니다. 이 체크포인트의 토크나이저를 써 주세요.`,
  unheededRevision: ({ got }) =>
    `판(revision) ${with_(got, '은')} 쓸 수 없습니다: 허브의 모델에, 한 번만 적을 수 있습니다.`,
  severalGguf: ({ details: d, got }) =>
    `${d.name}에 .gguf 파일이 여럿 있습니다: ${got}. 그 가운데 하나를 이름까지 적어 주세요.`,
  badChatTemplate: (said) => {
    const next: Readonly<Record<string, string>> = {
      refused: '메시지의 역할을 확인해 주세요.',
      syntax: '틀이 깨졌거나 이 판이 읽지 못하는 것이 들어 있습니다. 틀을 고치거나 글을 직접 써 주세요.',
      noDefault: `쓸 틀을 chat_template.jinja에 두어 주세요(있는 것: ${said.got}).`,
    };
    const otherwise = '이 판이 파이썬과 똑같이 쓰지 못하는 것입니다. 글을 직접 써 주세요.';
    return `대화 틀(chat template)을 쓸 수 없습니다${found(said)}. ${next[`${said.details.why}`] ?? otherwise}`;
  },

  noLanguageHead: () => '이 모델은 글을 이어 쓰지 못합니다. 앞만 보고 다음 토큰을 말하는 모델을 주세요.',
  noLogits: () => '이 모델에는 토큰을 말하는 출력이 없어 따라갈 예측이 없습니다. 언어 모델 출력이 있는 것을 써 주세요.',
  noLinearHead: () =>
    '이 모델은 로짓을 상한으로 구부려(soft-cap) 부분마다 따로 말하는 값이 없습니다. --parts 대신 siseon ablate나 siseon flow를 써 주세요.',
  noDecoder: ({ details: d }) =>
    `${with_(d.name, '은')} 스택이 하나여서 따로 글을 읽는 디코더가 없습니다. --decoder와 --decoder-ids는 인코더-디코더 모델에만 씁니다.`,
  noEndToken: ({ details: d }) =>
    `글에 끝 토큰(${d.endToken}번)이 없습니다. 이 모델은 끝 토큰의 자리에서 이름표를 정합니다. 글 뒤에 끝 토큰을 어휘에 적힌 그대로 적어 주세요.`,
  noLabels: () => '이 모델에는 분류기가 없어 따라갈 이름표가 없습니다. 분류 모델을 쓰거나 토큰을 따라가 주세요.',
  noSuchLabel: ({ details: d }) =>
    `이름표 ‘${d.written}’${particle(`${d.written}`, '이')} 없습니다. 있는 것: ${list(d.labels)}.`,
  labelOutOfRange: ({ expected, got }) =>
    `이름표 ${got}은(는) 없습니다. ${expected?.replace(' to ', '부터 ')}까지입니다.`,
  noNames: ({ what, expected, details: d }) =>
    `‘${d.name}’ 단계에는 ${what.startsWith('Hugging') ? 'Hugging Face' : 'TransformerLens'}의 이름이 없어 그 이름으로 저장할 수 없습니다. 이름이 있는 단계: ${expected}.`,
  namesNotInFormat: () =>
    '다른 도구의 이름(--names)은 .safetensors와 .npz에만 씁니다. 그 둘 가운데 하나로 저장하거나 --names를 빼 주세요.',
  notATrace: ({ what }) =>
    `${what.replace(' is no trace that this package saved', '')}: siseon trace로 저장한 파일이 아닙니다.`,
  noMeaning: ({ what, expected }) => `${what}: 여기서는 뜻이 없는 값입니다. 뜻이 있는 곳: ${expected}.`,
  noGradient: ({ got }) => `이 실행은 기울기로 되짚을 수 없습니다(${got}).`,
  notCausal: () => '이 모델은 양쪽을 다 보므로, 새 단어가 앞의 것을 모두 바꿉니다. 앞만 보는 모델에서만 됩니다.',
  cacheAlone: () => '캐시는 바꾼 것이 없는 글 하나에만 쓸 수 있습니다.',
  anotherSource: () => '캐시는 다른 입력 글의 것입니다. 글마다 하나씩 만들어 주세요.',
  badSampling: ({ got }) =>
    `이렇게는 토큰을 뽑을 수 없습니다(${got}). 온도는 0 이상, --top-k는 1 이상의 정수, --top-p는 0보다 크고 1 이하여야 합니다.`,
  badTokenTypes: ({ got }) => `세그먼트가 글과 맞지 않습니다(${got}).`,
  outOfMemory: ({ got }) => `엔진의 메모리가 가득 찼습니다(${got}). 글을 줄이거나 한 번에 남기는 단계를 줄여 주세요.`,
  badThreads: ({ got }) => `스레드를 ${got}개 쓸 수는 없습니다. 1부터 64까지의 정수입니다.`,
  badSize: ({ got }) => `크기로 쓸 수 없는 값입니다(${got}). 0 이상의 정수이고 서로 맞아야 합니다.`,
  storageTooShort: ({ expected, got }) => `저장 공간이 크기와 맞지 않습니다(필요: ${expected}, 실제: ${got}).`,
  packedMisfit: ({ expected, got }) => `미리 묶어 둔 행렬이 곱셈과 맞지 않습니다(필요: ${expected}, 실제: ${got}).`,
  wrongStorage: () =>
    '이 저장 공간은 그렇게 쓸 수 없습니다. 이미 비웠거나, 다른 장치의 것이거나, 곱셈용으로 묶어 둔 것입니다.',
  cacheFreed: () => '이미 비운 캐시입니다. 새로 만들어 주세요.',
  unknownOption: ({ got, details: d }) =>
    `‘${got}’ 옵션은 없습니다.${d.nearest ? ` 혹시 ‘${d.nearest}’인가요?` : ' 빼 주세요.'}`,
  unknownActivation: ({ expected, got }) => `활성화 함수 ‘${got}’은(는) 없습니다. 있는 것: ${expected}.`,
  idOutside: ({ expected, got }) => `표에 ${got}번 행은 없습니다(있는 것: ${expected}).`,
  noWebAssemblySimd: () => '이 환경에는 SIMD를 갖춘 WebAssembly가 없어 계산할 수 없습니다. Node 20 이상을 써 주세요.',
  engineEnded: (said) => `계산하던 엔진이 끝났습니다${found(said)}.`,
  noModel: () => '아직 모델이 없습니다. 먼저 불러와 주세요.',

  noStage: ({ details: d }) =>
    `‘${d.name}’ 단계가 없습니다. 단계의 이름은 layers.0.weights처럼 적고, 목록은 docs/formats.md에 있습니다.`,
  anotherModel: ({ expected, got }) => `기록한 모델(${expected})과 다른 모델(${got})입니다. 기록한 모델을 써 주세요.`,
  noWeights: ({ what, got }) =>
    `${what.replace(' holds no attention weights', '')}에 어텐션 가중치가 없습니다(있는 것: ${got}). TransformerLens라면 hook_pattern을, 허깅페이스라면 output_attentions=True로 얻은 attentions를 저장해 주세요.`,
  badWeightsShape: ({ what, expected, got }) =>
    `${what.replace('the weights in ', '')}: 가중치의 모양이 ${got}입니다. ${expected}이어야 합니다.`,
  noSuchBatch: ({ what, expected }) => `${count(what)}번 글이 없습니다: ${range(expected)}.`,
  noSuchStack: ({ details: d }) => `${d.source}에 --stack ${d.asked}에 해당하는 어텐션이 없습니다(있는 것: ${d.held}).`,
  noTags: () => '견줄 색인이 없습니다. 색인을 하나 이상 적어 주세요.',
  badLibrary: ({ what, expected }) =>
    `도서관 파일이 맞지 않습니다(${what.replace('it is not JSON', 'JSON이 아닙니다')}). 이런 꼴이어야 합니다: ${expected}`,

  badTreebank: ({ details: d, expected, got }) =>
    `${d.file} ${d.line}번째 줄이 CoNLL-U에 맞지 않습니다: ${brokenLine(d.problem)}${expected && ` (있어야 할 것: ${expected})`}${got && ` (있는 것: ${got})`}. 형식은 universaldependencies.org/format.html에 있습니다.`,
  tokensDoNotAlign: ({ details: d }) =>
    `토큰과 단어가 맞물리지 않습니다. 단어 ${d.words}, 토큰 ${d.tokens}. 이 문장을 빼거나 --strict를 빼 주세요.`,
  nothingToMeasure: ({ got }) =>
    `잴 수 있는 문장이 없습니다(${got}). 모델이 읽을 수 있고 같은 관계가 있는 문장이 둘 이상이어야 합니다. 하나로 고르고 하나로 잽니다.`,
  tooFewTexts: ({ expected, got }) =>
    `글이 모자랍니다: ${count(expected)}개 이상이어야 하는데 ${/^\d+$/.test(got) ? `${got}개입니다` : '하나도 없습니다'}.`,
  decoderTextMissing: ({ details: d, got }) =>
    `찾을 글 가운데 ${d.index}번(${got})에 디코더가 읽을 글이 없습니다. 인코더의 글 뒤에 탭을 두고 디코더의 글을 적어 주세요.`,
  textsMissing: ({ what }) =>
    `${/--by \S+/.exec(what)?.[0] ?? '--by'}에는 글이 필요합니다. --texts FILE(한 줄에 하나)을 주세요.`,
  tooLongForOverview: ({ expected, got }) =>
    `모든 헤드를 한눈에 보려면 단어가 ${count(expected)}개까지여야 하는데 ${got}개입니다. 한 문장이나 한 문단만 주세요.`,
  tooLongForFlow: ({ expected, got }) =>
    `흐름은 ${count(expected)}토큰까지 계산하는데 ${got}토큰입니다. 글을 줄여 주세요.`,
  compareWhat: () => '무엇과 견줄지 하나만 적어 주세요: 다른 글, --with 모델, --edits 파일.',
  differentModels: ({ expected, got }) =>
    `두 모델의 층과 헤드 수가 다릅니다(${expected}, ${got}). 같은 구조의 모델끼리 견줘 주세요.`,
  differentLengths: ({ details: d }) =>
    `두 글의 토큰 수가 다릅니다(${list(d.lengths)}). 어느 자리끼리 짝인지 정해야 합니다.`,
  nothingAligns: ({ got }) => `두 글에 같은 단어가 하나도 없어 짝지을 수 없습니다(${got}).`,
  noCounterpart: ({ details: d }) =>
    `예측을 읽는 자리 ${d.position}의 짝이 다른 글에 없습니다. 두 글에 모두 있는 단어를 고르거나, 어느 자리끼리 짝인지 정해 주세요.`,
  nothingToExplain: ({ got }) =>
    `두 실행의 예측이 같아서(${got.replace(' in both', '')}) 나눌 차이가 없습니다. 예측이 달라지는 글이나 토큰을 골라 주세요.`,
  badPath: ({ expected, got }) => `경로는 낮은 층에서 더 높은 층으로만 갑니다(${expected}; ${got}).`,
  badEdits: ({ what }) =>
    `${what.replace(' holds no edits', '')}: 편집 목록이 아닙니다. kind가 있는 편집들의 JSON 배열이어야 합니다(docs/lens.md).`,
  badEdit: ({ what, expected, got }) => `할 수 없는 편집입니다. ${what}: ${expected}${got && ` (받은 것 ${got})`}.`,
  badWeights: misused('이 글의 가중치가 될 수 없습니다.'),

  vocabularyTooSmall: ({ what }) =>
    `어휘에 없는 글자가 있습니다: ${what.replace('the vocabulary has no token for ', '').replace(' in ', ', ')}. 어휘에 더하거나 "tokenizer": "characters"로 두세요.`,
  badGrammar: (said) =>
    `문법 모듈이 글을 쓰지 못합니다: ${said.what}${said.got && ` (받은 것 ${said.got})`}. writeText(random)가 문장 하나를 돌려줘야 합니다. examples/sorting/grammar.mjs를 보세요.`,
  badTrainingState: ({ what }) =>
    `${what.replace(' is not the state of a training', '')}: 학습 상태가 아닙니다. 지우고 새로 시작해 주세요.`,
  stateDoesNotFit: ({ details: d }) =>
    `하던 학습과 설정이 다릅니다: ${(d.problems as string[]).slice(0, 5).join('; ')}. 처음 설정으로 이어 가거나, 상태를 지우고 새로 시작해 주세요.`,
  lossNotFinite: ({ details: d }) =>
    `${d.step}단계에서 손실이 유한하지 않습니다. 학습률을 낮추거나 warmUp을 늘려 주세요. 그 전에 저장한 것은 그대로입니다.`,

  // What only callers of the library can get wrong.
  shapeMismatch: misused('모양이 맞지 않습니다.'),
  badAttribute: misused('연산의 속성이 맞지 않습니다.'),
  badAxis: misused('축이 맞지 않습니다.'),
  badHeads: misused('헤드 수가 맞지 않습니다.'),
  headsMissing: misused('헤드 수를 적어야 합니다.'),
  badKeyLengths: misused('색인(Key)의 길이가 맞지 않습니다.'),
  badMask: misused('마스크가 맞지 않습니다.'),
  badWindow: misused('창의 크기가 맞지 않습니다.'),
  badRotation: misused('회전을 적용할 수 없습니다.'),
  badScale: misused('스케일이 맞지 않습니다.'),
  badTemperature: misused('온도가 맞지 않습니다.'),
  badTensor: misused('텐서가 온전하지 않습니다.'),
  brokenCase: misused('검사 자료가 온전하지 않습니다.'),
  halfPast: misused('지난 색인(Key)과 내용(Value)은 함께 주어야 합니다.'),
  missingInput: misused('입력이 빠졌습니다.'),
  noEntries: misused('찾아볼 것이 없습니다.'),
  pastAndKeyLengths: misused('함께 줄 수 없는 입력입니다.'),
  unknownOperator: misused('모르는 연산입니다.'),
  unknownSquare: misused('모르는 단계입니다.'),
};

/** The error in Korean; undefined where nobody has written it. */
export function koreanText({ code, details, parts, cause }: SiseonError): string | undefined {
  const system = (cause as { code?: unknown } | undefined)?.code;
  const { what, expected = '', got = '' } = parts;
  return texts[code]?.({ details, what, expected, got, system: typeof system === 'string' ? system : undefined });
}

export const koreanCodes: readonly string[] = Object.keys(texts);

/** What is wrong with a line of a treebank; with the name of its sentence where that stands in brackets. */
function brokenLine(problem: unknown): string {
  const [, what = '', sentence = ''] = /^(.*?)( \(.*\))?$/.exec(`${problem}`) ?? [];
  const said: Readonly<Record<string, string>> = {
    'the wrong number of fields': '칸의 수가 다릅니다',
    'a comment among the words': '단어들 사이에 주석이 있습니다',
    'a word without a form': '형태가 없는 단어입니다',
    'a range out of order': '범위의 순서가 틀렸습니다',
    'a range that ends after the last word': '범위가 마지막 단어 뒤에서 끝납니다',
    'an id out of order': '번호의 순서가 틀렸습니다',
    'an empty node out of order': '빈 마디의 순서가 틀렸습니다',
    'the head is no number': '지배소가 수가 아닙니다',
    'a head that is not there': '없는 단어를 지배소로 적었습니다',
    'heads that lead round in a circle': '지배소를 따라가면 제자리로 돌아옵니다',
    'no relation': '관계가 없습니다',
    'a sentence without words': '단어가 없는 문장입니다',
    'a sentence with other than one root': '뿌리가 하나가 아닌 문장입니다',
    'the words do not spell the text': '단어를 이으면 글과 다릅니다',
    'the last sentence is not closed': '마지막 문장 뒤에 빈 줄이 없습니다',
  };
  return `${said[what] ?? what}${sentence}`;
}
