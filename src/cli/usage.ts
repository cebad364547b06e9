/** What was typed wrongly, as the parser found it, in the reader's language and with the way on. */
import type { CommanderError } from 'commander';
import { distance } from 'fastest-levenshtein';
import { type Language, particle } from '../views/language.ts';

/** A shell's words as they would be typed again. */
const quoted = (words: readonly string[]): string => `"${words.join(' ').replaceAll('"', '\\"')}"`;

/** What an option or argument takes, in Korean: the sentences that shell.ts and the commands write. */
const expectations: Readonly<Record<string, string>> = {
  'A whole number, counted from 0, is expected.': '0부터 세는 정수여야 해요.',
  'A whole number of at least 1 is expected.': '1 이상의 정수여야 해요.',
  'A number above 0 is expected.': '0보다 큰 수여야 해요.',
  'A layer, counted from 0, is expected: N, encoder.N, decoder.N or cross.N.':
    '0부터 세는 층이어야 해요: N, 인코더-디코더에서는 encoder.N, decoder.N, cross.N.',
  'A text is expected.': '글이 있어야 해요.',
  'A number from 0 is expected.': '0 이상의 수여야 해요.',
  'Layer and head with a dot between, as 1.0 or 1.0,1.2, are expected.':
    '층과 헤드를 점으로 이어 1.0이나 1.0,1.2처럼 적어야 해요.',
};

function koreanReason(reason: string): string {
  const [, choices] = /^Allowed choices are (.*)\.$/.exec(reason) ?? [];
  return choices ? `고를 수 있는 값: ${choices}.` : (expectations[reason] ?? reason);
}

/** The parser's finding in Korean; its own words where it finds something new. */
function korean(error: CommanderError): string {
  const text = error.message.replace(/^error: /, '');
  const [, first = ''] = /'([^']*)'/.exec(text) ?? [];
  const option = first.split(/[ ,]/).find((part) => part.startsWith('--')) ?? first;
  const [, near] = /\(Did you mean (?:one of )?(.*?)\?\)/.exec(text) ?? [];
  const meant = near ? ` 혹시 ${near}인가요?` : '';
  switch (error.code) {
    case 'commander.unknownOption':
      return `${first}${particle(first, '은')} 모르는 옵션이에요.${meant} --help가 있는 것을 보여 줘요.`;
    case 'commander.missingArgument':
      return first === 'text'
        ? '글이 없어요. 문장을 따옴표로 묶어 주세요: siseon "철수가 사과를 맛있게 먹었다"'
        : `<${first}> 자리가 비었어요. --help가 쓰는 법을 보여 줘요.`;
    case 'commander.optionMissingArgument':
      return `${option} 뒤에 값이 필요해요.`;
    case 'commander.missingMandatoryOptionValue':
      return `${option}${particle(option, '을')} 적어야 해요.`;
    case 'commander.conflictingOption':
      return `${option}${particle(option, '은')} 다른 옵션과 함께 쓸 수 없어요.`;
    case 'commander.unknownCommand':
      return `${first}: 그런 명령이 없어요.${meant}`;
    case 'commander.invalidArgument': {
      const [, value = '', reason = ''] = /argument '(.*?)' is invalid\.? ?(.*)$/s.exec(text) ?? [];
      const shown = text.startsWith('option') ? `${option}의 값 ‘${value}’` : `‘${value}’`;
      return `${shown}${particle(value, '은')} 쓸 수 없어요. ${koreanReason(reason)}`;
    }
    default:
      return text;
  }
}

/**
 * One line for stderr. Too many arguments are most often a sentence without its quotes; where `words`, what was typed
 * behind the program's name, is nothing but words, the line to type instead stands there.
 */
export function usageText(error: CommanderError, words: readonly string[], language: Language): string {
  const ko = language === 'ko';
  if (error.code !== 'commander.excessArguments')
    return ko ? `오류: ${korean(error)}` : error.message.replace(/\n\(/, ' (').trim();
  const [, command, least = '', count = ''] =
    /(?:for '(.*)')?\. Expected (\d+) arguments? but got (\d+)/.exec(error.message) ?? [];
  const options = words.findIndex((word) => word.startsWith('-'));
  const sentence = (options < 0 ? words : words.slice(0, options)).slice(command === undefined ? 0 : 1);
  const line =
    least === '1' && sentence.length > 1
      ? `: siseon ${command === undefined ? '' : `${command} `}${quoted(sentence)}`
      : '.';
  return ko
    ? `오류: 인자가 ${least}개여야 하는데 ${count}개예요. 문장은 따옴표로 묶어 주세요${line}`
    : `${error.message.trim()} A sentence goes in quotes${line}`;
}

/** The command that a lone word resembles: `inof` is info, mistyped. Null for what is far from all of them. */
export function commandMeant(text: string, commands: readonly string[]): string | null {
  if (!/^[a-z]{3,}$/i.test(text)) return null;
  const [best] = commands
    .map((name) => ({ name, apart: distance(text.toLowerCase(), name) }))
    .filter(({ name, apart }) => apart <= (name.length < 5 ? 2 : 3) && apart < name.length / 2 + 0.5)
    .toSorted((a, b) => a.apart - b.apart);
  return best?.name ?? null;
}
