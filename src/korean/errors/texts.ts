/** Of texts, words and places in them; of files and the hub. */
import { phrase, said } from '../phrase.ts';
import { count, list, outOf, range, type Said, type Text, type Texts, with_ } from '../said.ts';

const reasons: Readonly<Record<string, string>> = {
  ENOENT: '그런 파일이나 폴더가 없어요',
  EACCES: '권한이 없어요',
  EPERM: '권한이 없어요',
  EISDIR: '폴더예요',
  ENOTDIR: '경로의 한 부분이 폴더가 아니라 파일이에요',
  EEXIST: '같은 이름의 파일이 이미 있어요',
  ENOSPC: '디스크가 가득 찼어요',
  EROFS: '읽기 전용 디스크예요',
  EDQUOT: '디스크 할당량을 다 썼어요',
  ENAMETOOLONG: '이름이 너무 길어요',
  ELOOP: '링크가 서로 맴돌아요',
  EINVAL: '파일 이름으로 쓸 수 없는 경로예요',
};

/** The path of a file and why it could not be used. */
const path = ({ details, what, system }: Said, kind: '읽을' | '쓸'): string => {
  const name = `${details.path ?? /(?:read|write|make the folder|remove) (.+?):/.exec(what)?.[1] ?? '파일'}`;
  const [, problem = what] = what.split(`${name}: `);
  const why = (system && reasons[system]) || said(problem);
  return `${kind === '읽을' ? with_(name, '을') : `${name}에`} ${kind} 수 없어요: ${why}.`;
};

const unheeded: Readonly<Record<string, string>> = {
  text: '--ids 말고 글이 있어야 해요.',
  chat: '--chat과 함께 써 주세요.',
  temperature: '온도 0에서는 뽑지 않고 가장 그럴듯한 토큰을 써요. --temperature를 0보다 크게 주세요.',
  tokens: '토큰을 말하는 모델에서만 써요.',
  by: '--by mean이나 --by resample과 함께 써 주세요.',
  noHeads: '--heads로 한꺼번에 빼면 모든 자리를 보여 줘요. 예측 하나를 따라가려면 --heads를 빼 주세요.',
  into: '--into와 함께 써 주세요.',
  noInto: '--into의 경로는 실행해서 재요. --into를 빼면 모든 헤드를 어림해요.',
  noTreebank: '--treebank의 문장으로 재요. 둘 가운데 하나만 적어 주세요.',
  treebank: '--treebank 파일과 함께 써 주세요.',
  tokenLabels: '토큰마다 이름표를 붙이는 분류기에서만 써요.',
  decoder: '디코더의 층(decoder.N이나 cross.N)을 적어 주세요.',
};

const ofTexts: Texts = {
  emptyText: ({ details: d, what }) => {
    if (d.file || what.endsWith(' holds no text'))
      return `${what.replace(/ holds no text$/, '')}에 글이 없어요. 한 줄에 한 문장씩 적어 주세요.`;
    if (d.signs)
      return `글에 눈에 보이지 않는 글자(${(d.signs as string[]).join(', ')})만 있어요. 단어를 하나 이상 적어 주세요.`;
    return what.includes('the vocabulary can write none')
      ? '글에 이 모델의 어휘로 적을 수 있는 단어가 없어요. 모델이 아는 단어를 적어 주세요.'
      : '살펴볼 글이 없어요. 단어를 하나 이상 적어 주세요.';
  },
  textTooLong: ({ details: d, expected, got, what }) =>
    d.tokens === undefined
      ? `${what.replace(/^the sentence /, '문장 ')}: ${count(expected)}토큰까지인데 ${got}토큰이에요. 문장을 줄이거나 model.positions를 늘려 주세요.`
      : `글이 모델이 읽을 수 있는 길이를 넘어요: ${d.positions}토큰까지인데 ${d.tokens}토큰이에요. 글을 줄여 주세요.`,
  wordNotFound: ({ details: d }) =>
    `글에 ${with_(`‘${d.wanted}’`, '이')} 없어요. ${d.nearest ? `${with_(`‘${d.nearest}’`, '을')} 찾으셨나요?` : `단어: ${list(d.words)}`}`,
  wordAmbiguous: ({ details: d }) =>
    `${with_(`‘${d.wanted}’`, '이')} ${(d.indices as number[]).length}번 나와요. 번호로 골라 주세요: ${(d.indices as number[]).join(' 또는 ')}.`,
  wordOutOfRange: ({ details: d }) => `${d.wanted}번 단어가 없어요: 0부터 ${d.last}까지예요.`,
  layerOutOfRange: outOf('층'),
  headOutOfRange: outOf('헤드'),
  tokenOutOfRange: ({ what, expected }) => `${/\S*$/.exec(what)?.[0]}번 토큰이 없어요: ${range(expected)}.`,
  idOutOfRange: ({ expected, got }) => `토큰 번호 ${with_(got, '은')} 어휘에 없어요: ${range(expected)}.`,
  textOrIds: ({ details: { option = '--ids' } }) =>
    `${option === '--ids' ? '글' : '다른 글'}과 ${option} 가운데 하나가 필요해요. 둘을 함께 줄 수는 없어요.`,
  optionUnheeded: ({ what, details: d }) => {
    const option = what.replace(' would do nothing here', '');
    return `${with_(option, '은')} 여기서 아무것도 바꾸지 않아요. ${unheeded[`${d.needs}`] ?? '토크나이저가 있는 모델이 있어야 해요.'}`;
  },
  noText: () => '토큰 번호로만 기록한 것이어서 단어가 없어요. 글로 기록해 주세요.',
  noTokenizer: ({ what }) =>
    `${what.split(/ has no| cannot read/)[0]}에 토크나이저(tokenizer.json)가 없어 글을 읽지 못해요. 토크나이저가 있는 모델을 쓰거나, 되는 명령에서는 --ids 1,2,3처럼 토큰 번호를 주세요.`,
  noSuchToken: ({ what }) =>
    `${what.replace(' is not in the vocabulary', '')}: 어휘에 없는 토큰이에요. 어휘에 적힌 그대로나 보이는 그대로, 또는 번호로 적어 주세요.`,
  noTags: () => '견줄 색인이 없어요. 색인을 하나 이상 적어 주세요.',
  badLibrary: ({ details: d, expected }) =>
    `도서관 파일이 맞지 않아요. ${d.file}: ${problems(d.problems)}. 이런 꼴이어야 해요: ${expected}`,
  tooFewTexts: ({ expected, got }) =>
    `글이 모자라요: ${count(expected)}개 이상이어야 하는데 ${/^\d+$/.test(got) ? `${got}개예요` : '하나도 없어요'}.`,
  decoderTextMissing: ({ details: d, got }) =>
    `찾을 글 가운데 ${d.index}번(${got})에 디코더가 읽을 글이 없어요. 인코더의 글 뒤에 탭을 두고 디코더의 글을 적어 주세요.`,
  textsMissing: ({ what }) =>
    `${/--by \S+/.exec(what)?.[0] ?? '--by'}에는 글이 필요해요. --texts FILE(한 줄에 하나)을 주세요.`,
};

/** Faults of a file that somebody wrote, each with its field. */
export const problems = (all: unknown): string =>
  (Array.isArray(all) ? all : [all])
    .map((one: unknown) => {
      const [, field, message] = /^(.+?): (.*)$/s.exec(`${one}`) ?? [];
      return field === undefined ? said(`${one}`) : `${said(field)}: ${phrase(message!) ?? '쓸 수 없는 값이에요'}`;
    })
    .join('; ');

const cannotRead: Text = (one) => {
  const module = /^cannot load the module (.+?): (.*)$/s.exec(one.what);
  if (!module) return path(one, '읽을');
  const [, name, why] = module;
  return `${name}의 모듈을 불러올 수 없어요: ${one.system === 'ERR_MODULE_NOT_FOUND' ? '그런 모듈이 없어요' : said(why!)}.`;
};

const ofFiles: Texts = {
  cannotRead,
  cannotPrint: ({ what, system }) =>
    `표준 출력에 쓸 수 없어요: ${(system && reasons[system]) || said(what.slice(what.indexOf(': ') + 2))}.`,
  cannotWrite: (one) =>
    one.what.startsWith('the browser cannot keep the model')
      ? `브라우저에 모델을 남겨 둘 수 없어요: ${said(one.what.slice(one.what.indexOf(': ') + 2))}. 남겨 둔 모델을 지우거나 디스크를 비워 주세요.`
      : `${path(one, '쓸')} 그곳의 것은 바뀌지 않았어요.`,
  unknownFormat: ({ what, expected }) =>
    `${what.replace(' says no format', '')}: 형식을 알 수 없어요. 이름이 ${expected.replace('a name ending in ', '').replace(' or ', ', ')} 가운데 하나로 끝나야 해요.`,
  badJson: ({ what, expected, got }) => {
    const [, file = what, why = ''] = /^(.*) is not JSON(?: of a trace| \((.*)\))?$/s.exec(what) ?? [];
    if (expected)
      return `${file}: 기록한 실행의 JSON이 아니에요. ${phrase(got) ?? 'JSON으로 읽을 수 없어요'}. 이런 꼴이어야 해요: ${expected}`;
    const [, line, column] = /line (\d+) column (\d+)/.exec(why) ?? [];
    const [, position] = /position (\d+)/.exec(why) ?? [];
    const where = line ? `${line}번째 줄 ${column}번째 글자에서 ` : position ? `${position}번째 글자에서 ` : '';
    return `${file}: JSON이 아니에요. ${where ? `${where}읽을 수 없어요` : (phrase(why) ?? '끝까지 읽을 수 없어요')}. 파일을 고치거나 다시 받아 주세요.`;
  },

  hubNotFound: ({ details: d }) =>
    `${d.model ? with_(d.model, '을') : '허브에서'} 찾지 못했어요. 이름과 판(revision)을 확인해 주세요. 폴더라면 경로를 적어 주세요.`,
  hubRefused: ({ details: d }) =>
    `${with_(d.model, '은')} 공개되지 않았거나 동의가 필요하거나 없는 모델이에요(${d.status}). 이름을 확인하고, ${d.page} 에서 약관에 동의한 다음 HF_TOKEN에 읽기 권한이 있는 토큰을 넣어 주세요.${d.withToken ? ' 지금 쓰인 토큰으로는 읽을 수 없어요.' : ''}`,
  hubUnavailable: ({ details: d }) =>
    `${with_(d.model ?? d.name, '을')} 받지 못했어요: ${said(`${d.problem}`)}. 연결을 확인하고 다시 해 보세요. 받은 데까지는 남아 있어 이어서 받아요.`,
  hubOffline: ({ details: d }) =>
    `${with_(d.model, '이')} 캐시에 다 있지 않고, HF_HUB_OFFLINE이 켜져 있어 받을 수 없어요. HF_HUB_OFFLINE을 끄거나, 모델이 있는 폴더를 HF_HOME에 적어 주세요.`,
  hubDamaged: ({ details: d }) =>
    `${d.name}의 내용이 허브가 알려 준 것과 달라요. 서버나 중간(프록시, 로그인 화면)에서 바뀐 것이니, 나중에 다시 하거나 다른 길로 받아 주세요.`,
  cancelled: () => '멈추었어요. 받은 데까지는 남아 있어, 같은 명령을 다시 하면 이어서 받아요.',
  badHubToken: () =>
    'HF_TOKEN(또는 로그인이 남긴 파일)이 허브의 토큰이 아니에요. hf_로 시작하는 한 줄이어야 해요. 허브 설정에서 다시 복사하거나, 공개 모델이면 지워 주세요.',
  noRevision: ({ details: d }) =>
    `${d.name}@ 뒤에 판(브랜치, 태그, 커밋)이 없어요. 최신 판이면 @를 빼고 ${d.name}만 적어 주세요.`,
  unheededRevision: ({ got }) =>
    `판(revision) ${with_(got, '은')} 쓸 수 없어요: 허브의 모델에, 한 번만 적을 수 있어요.`,
};

export const texts: Texts = { ...ofTexts, ...ofFiles };
