/** Of checkpoints: what is read of them, and what a model can and cannot do. */
import { phrase, said } from '../phrase.ts';
import { contrast, count, damaged, found, list, range, type Said, size, type Texts, with_ } from '../said.ts';
import { problems } from './texts.ts';

/** The first few of a long list, and how many more there are. */
const few = (all: readonly unknown[]): string => {
  const shown = all.slice(0, all.length <= 4 ? 4 : 3).map((one) => said(`${one}`));
  return all.length > 4 ? `${shown.join('; ')}; 그 밖에 ${all.length - 3}개` : shown.join('; ');
};

const notModels: Readonly<Record<string, string>> = {
  'no name': '이름이 비어 있어요',
  'nothing of that name': '그런 파일이나 폴더가 없어요',
  'a file that does not end in .gguf': '.gguf로 끝나지 않는 파일이에요',
};

const templateWays = (one: Said): string => {
  const ways: Readonly<Record<string, string>> = {
    refused: '메시지의 역할을 확인해 주세요.',
    syntax: '틀이 깨졌거나 이 판이 읽지 못하는 것이 들어 있어요. 틀을 고치거나 글을 직접 써 주세요.',
    noDefault: `쓸 틀을 chat_template.jinja에 두어 주세요(있는 것: ${one.got}).`,
  };
  return ways[`${one.details.why}`] ?? '이 판이 파이썬과 똑같이 쓰지 못하는 것이에요. 글을 직접 써 주세요.';
};

const ofCheckpoints: Texts = {
  modelTooLarge: ({ details: d }) =>
    `${with_(d.name, '은')} 메모리에 다 들어가지 않아요: 매개변수가 ${size(d.parameterBytes)}인데 ${size(d.room)}까지 담을 수 있어요. 같은 계열의 더 작은 모델을 써 주세요.${(d.types as string[] | undefined)?.[0] === 'f32' ? ' 같은 모델을 bfloat16이나 float16으로 저장해도 돼요.' : ''}`,
  noConfig: ({ what, got }) =>
    `${what.replace(' is no model', '')}: 모델이 아니에요(${notModels[got] ?? 'config.json이 없어요'}). config.json과 model.safetensors가 있는 폴더나 .gguf 파일을 주세요.`,
  noParameters: ({ what, got }) =>
    `${what.replace(' has no parameters', '').replace('the folder', '폴더')}에 매개변수 파일이 없어요: model.safetensors나 pytorch_model.bin이 있어야 해요(있는 것: ${said(got)}).`,
  badShardIndex: (one) =>
    `나뉜 매개변수 파일들이 서로 맞지 않아요. ${found(one, '목록과 파일이 달라요')} 다시 받아 주세요.`,
  parametersDoNotFit: ({ details: d, what }) => {
    const all = few(d.problems as unknown[]);
    if (what.startsWith('the checkpoint has a language head'))
      return `체크포인트에 언어 모델 출력이 있는데 config.json의 architectures에는 그런 클래스가 없어요: ${all}. …ForCausalLM처럼 클래스를 적거나, 같은 체크포인트의 config.json을 써 주세요.`;
    return d.gguf
      ? `GGUF 파일의 텐서가 그 구조와 맞지 않아요: ${all}. 파일을 다시 받거나, 허깅페이스 배치의 체크포인트를 써 주세요.`
      : `매개변수가 config.json과 맞지 않아요: ${all}. 한 체크포인트의 파일들을 함께 써 주세요.`;
  },
  parameterNotFinite: ({ what }) =>
    `매개변수에 유한하지 않은 값이 있어요: ${said(what)}. 체크포인트가 깨졌거나 학습이 발산했어요.`,
  unknownFamily: ({ expected, got }) =>
    `아직 읽지 못하는 종류의 모델이에요. config.json${got === 'nothing' ? '에 model_type이 없어요' : `의 model_type이 ${with_(got, '이에요')}`}. 이 판이 읽는 계열은 ${with_(expected.replace('one of ', ''), '이에요')}.`,
  unknownConfigField: ({ details: d }) =>
    `config.json에 모르는 항목이 있어요: ${list(d.fields)}. 계산을 바꿀 수 있어 읽지 않아요.`,
  badConfig: ({ details: d, what, expected, got }) =>
    d.problems
      ? `설정이 맞지 않아요. ${what.split(': ')[0]}: ${problems(d.problems)}. 항목은 docs/formats.md에 있어요.`
      : `${said(what)}: ${with_(said(got), '은')} 쓸 수 없어요. ${with_(said(expected), '이')} 있어야 해요. 이 체크포인트의 파일인지 확인해 주세요.`,
  badSafetensors: damaged('safetensors', '잘렸거나 깨졌으니 다시 받아 주세요.'),
  badGguf: damaged('GGUF', '허깅페이스 배치의 체크포인트나 다른 양자화를 써 보세요.'),
  badPickle: damaged('PyTorch', '텐서만 읽고 안의 코드는 실행하지 않아요. 믿는 파일이라면 safetensors로 바꿔 주세요.'),
  badParquet: damaged('Parquet', 'siseon trace 문장 --save 파일.parquet으로 다시 저장해 주세요.'),
  badNpz: damaged('npz', 'numpy.savez로 다시 저장해 주세요.'),
  badTokenizer: (one) => {
    const [, file, problem] = /^(.+?)(?: cannot be read)?: (.*)$/s.exec(one.what) ?? [];
    return `${file ?? 'tokenizer.json'}: 토크나이저로 쓸 수 없어요. ${(problem && phrase(problem)) ?? '내용이 규격에 맞지 않아요'}.${contrast(one)} 파일을 확인하거나 다시 받아 주세요.`;
  },
  unknownTokenizer: ({ what, expected, got }) =>
    `${said(what)}: ${got === 'nothing' ? '비어 있어요' : with_(said(got), '이에요')}. 이 판이 읽는 것은 ${with_(said(expected), '이에요')}.`,
  sentencePieceTokenizer: ({ details: d }) =>
    `${with_(d.file, '은')} SentencePiece 모델이에요. 파이썬에서 AutoTokenizer.from_pretrained(FOLDER, use_fast=True).save_pretrained(FOLDER)로 tokenizer.json을 만들어 주세요.`,
  tokenizerDoesNotFit: ({ expected, got }) =>
    `토크나이저의 토큰(${got}개)이 모델의 어휘(${count(expected)}개)보다 많아요. 이 체크포인트의 토크나이저를 써 주세요.`,
  severalGguf: ({ details: d, got }) =>
    `${d.name || '폴더'}에 .gguf 파일이 여럿 있어요: ${got}. 그 가운데 하나를 이름까지 적어 주세요.`,
  badChatTemplate: (one) => {
    const told = one.what.slice(one.what.indexOf(' cannot be rendered: ') + 21);
    const why = one.details.why === 'refused' ? ` 틀이 하는 말: ‘${told}’.` : phrase(told) ? ` ${phrase(told)}.` : '';
    return `대화 틀(chat template)을 쓸 수 없어요.${why} ${templateWays(one)}`;
  },
  noChatTemplate: ({ details: d }) =>
    `${d.name}에 대화 틀(chat template)이 없어요. 대화용 모델이 아닐 수 있으니, --chat 없이 이어 쓸 글을 주세요.`,
};

const ofModels: Texts = {
  noLanguageHead: () => '이 모델은 글을 이어 쓰지 못해요. 앞만 보고 다음 토큰을 말하는 모델을 주세요.',
  noLogits: () => '이 모델에는 토큰을 말하는 출력이 없어 따라갈 예측이 없어요. 언어 모델 출력이 있는 것을 써 주세요.',
  noLinearHead: () =>
    '이 모델은 로짓을 상한으로 구부려(soft-cap) 부분마다 따로 말하는 값이 없어요. --parts 대신 siseon ablate나 siseon flow를 써 주세요.',
  noDecoder: ({ details: d }) =>
    `${with_(d.name, '은')} 스택이 하나여서 따로 글을 읽는 디코더가 없어요. --decoder와 --decoder-ids는 인코더-디코더 모델에만 써요.`,
  noEndToken: ({ details: d }) =>
    `글에 끝 토큰(${d.endToken}번)이 없어요. 이 모델은 끝 토큰의 자리에서 이름표를 정해요. 글 뒤에 끝 토큰을 어휘에 적힌 그대로 적어 주세요.`,
  noLabels: () => '이 모델에는 분류기가 없어 따라갈 이름표가 없어요. 분류 모델을 쓰거나 토큰을 따라가 주세요.',
  noSuchLabel: ({ details: d }) => `이름표 ${with_(`‘${d.written}’`, '이')} 없어요. 있는 것: ${list(d.labels)}.`,
  labelOutOfRange: ({ expected, got }) => `이름표 ${with_(got, '은')} 없어요: ${range(expected)}.`,
  notCausal: () => '이 모델은 양쪽을 다 보므로, 새 단어가 앞의 것을 모두 바꿔요. 앞만 보는 모델에서만 돼요.',
  cacheAlone: () => '캐시는 바꾼 것이 없는 글 하나에만 쓸 수 있어요.',
  anotherSource: () => '캐시는 다른 입력 글의 것이에요. 글마다 하나씩 만들어 주세요.',
  badSampling: ({ what, expected, got }) =>
    what.startsWith('no token')
      ? `이렇게는 토큰을 뽑을 수 없어요(${got}). 온도는 0 이상, --top-k는 1 이상의 정수, --top-p는 0보다 크고 1 이하여야 해요.`
      : `이렇게는 글을 쓸 수 없어요(${said(got)}). 있어야 할 것: ${said(expected)}.`,
  badTokenTypes: ({ expected, got }) => `세그먼트가 글과 맞지 않아요(${got}). 있어야 할 것: ${said(expected)}.`,
  noModel: () => '아직 모델이 없어요. 먼저 불러와 주세요.',
  engineEnded: ({ what }) => `계산하던 엔진이 끝났어요: ${said(what.replace('the engine has ended: ', ''))}.`,
  outOfMemory: ({ got }) =>
    `엔진의 메모리가 가득 찼어요. ${said(got)}. 글을 줄이거나 한 번에 남기는 단계를 줄여 주세요.`,
  noWebAssemblySimd: () => '이 환경에는 SIMD를 갖춘 WebAssembly가 없어 계산할 수 없어요. Node 20 이상을 써 주세요.',
};

export const models: Texts = { ...ofCheckpoints, ...ofModels };
