import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CommanderError } from 'commander';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { koreanCodes } from '../korean/index.ts';
import { SiseonError } from '../platform/errors.ts';
import { explain } from './errors.ts';
import { commandMeant, usageText } from './usage.ts';

const source = fileURLToPath(new URL('..', import.meta.url));
const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !/\.(test|testing|d)\.ts$|assembly/.test(file))
  .map((file) => ts.createSourceFile(file, readFileSync(`${source}/${file}`, 'utf8'), ts.ScriptTarget.Latest, true));

function visit(node: ts.Node, see: (node: ts.Node) => void): void {
  see(node);
  node.forEachChild((child) => visit(child, see));
}

/** Functions that take a code first and make an error of it, by their names. */
function helpersIn(file: ts.SourceFile): string[] {
  const names: string[] = [];
  visit(file, (node) => {
    if (!ts.isFunctionLike(node)) return;
    const [first] = node.parameters;
    if (first?.name.getText() !== 'code' || first.type?.kind !== ts.SyntaxKind.StringKeyword) return;
    if (node.name) names.push(node.name.getText());
    else if (ts.isVariableDeclaration(node.parent)) names.push(node.parent.name.getText());
  });
  return names;
}

function importsOf(file: ts.SourceFile): Set<string> {
  const names = new Set<string>();
  visit(file, (node) => {
    if (ts.isImportSpecifier(node)) names.add(node.name.text);
  });
  return names;
}

/** Every code that an error is made with, in words; a template counts once for each of its values that are known here. */
function codesThrown(): Set<string> {
  const codes = new Set<string>();
  const shared = files.filter(({ fileName }) => /refusal|download/.test(fileName)).flatMap(helpersIn);
  const take = (node: ts.Expression, place: string): void => {
    if (ts.isStringLiteral(node)) codes.add(node.text);
    else if (ts.isConditionalExpression(node)) for (const one of [node.whenTrue, node.whenFalse]) take(one, place);
    else if (ts.isTemplateExpression(node) && node.getText().endsWith('OutOfRange`'))
      codes.add('layerOutOfRange').add('headOutOfRange');
    else expect(node.getText(), `a code in ${place} that cannot be read`).toMatch(/^(\w+\.)?code$/);
  };
  for (const file of files) {
    const helpers = [...shared.filter((name) => importsOf(file).has(name)), ...helpersIn(file)];
    visit(file, (node) => {
      if (ts.isNewExpression(node) && /^(SiseonError|Refusal)$/.test(node.expression.getText()))
        for (const parts of node.arguments ?? [])
          if (ts.isObjectLiteralExpression(parts))
            for (const part of parts.properties)
              if (ts.isPropertyAssignment(part) && part.name.getText() === 'code')
                take(part.initializer, file.fileName);
      if (ts.isCallExpression(node) && helpers.includes(node.expression.getText()) && node.arguments[0])
        take(node.arguments[0], file.fileName);
    });
  }
  return codes;
}

describe('errors in Korean', () => {
  const codes = codesThrown();
  it('finds the codes that are thrown', () => {
    expect(codes.size).toBeGreaterThan(80);
    for (const code of ['emptyText', 'hubDamaged', 'shapeMismatch', 'badGrammar', 'headOutOfRange'])
      expect(codes).toContain(code);
  });
  it('has a Korean text for every code, and none for codes that nobody throws', () => {
    expect([...codes].filter((code) => !koreanCodes.includes(code))).toEqual([]);
    expect(koreanCodes.filter((code) => !codes.has(code))).toEqual([]);
  });
  it('says each in Korean even where an error brings no details', () => {
    for (const code of koreanCodes) {
      const error = new SiseonError({ code, kind: 'failure', what: 'a: b', details: anything });
      const { message } = explain(error, 'ko');
      expect(message, code).toMatch(/^오류: .*[\uac00-\ud7a3].*$/s);
      expect(message, code).not.toContain('undefined');
    }
  });
});

it('has no English half where a file is another than was asked for', () => {
  const what = 'cannot read ed.parquet: it is not UTF-8 text';
  const unread = new SiseonError({ code: 'cannotRead', kind: 'failure', what });
  expect(explain(unread, 'ko').message).toBe('오류: ed.parquet을 읽을 수 없어요: UTF-8로 적은 글이 아니에요.');
  const trace = new SiseonError({
    code: 'notATrace',
    kind: 'failure',
    what: 'x.npz is no trace that this package saved',
  });
  expect(explain(trace, 'ko').message).toBe('오류: x.npz: siseon trace로 저장한 파일이 아니에요.');
});

/** Details that answer to every name. */
const anything: Readonly<Record<string, unknown>> = new Proxy(
  {},
  { get: (_, name) => (/^(words|indices|lengths|fields|problems|labels)$/.test(String(name)) ? ['하나', '둘'] : 3) },
);

describe('what the parser finds', () => {
  const said = (code: string, message: string, words: string[] = []) =>
    usageText(new CommanderError(1, code, `error: ${message}`), words, 'ko');
  it('is said in Korean', () => {
    expect(said('commander.unknownOption', "unknown option '--lan'\n(Did you mean --lang?)")).toBe(
      '오류: --lan은 모르는 옵션이에요. 혹시 --lang인가요? --help가 있는 것을 보여 줘요.',
    );
    expect(
      said(
        'commander.invalidArgument',
        "option '--layer <N>' argument '-1' is invalid. A whole number, counted from 0, is expected.",
      ),
    ).toBe('오류: --layer의 값 ‘-1’은 쓸 수 없어요. 0부터 세는 정수여야 해요.');
    expect(said('commander.optionMissingArgument', "option '--layer <N>' argument missing")).toContain('--layer 뒤에');
    expect(said('commander.missingMandatoryOptionValue', "required option '--save <FILE>' not specified")).toContain(
      '--save를',
    );
  });
  it('quotes the sentence whose quotes are missing, for the command that takes one', () => {
    const tooMany = (command: string, least: number) =>
      `too many arguments${command && ` for '${command}'`}. Expected ${least} argument but got 3.`;
    expect(said('commander.excessArguments', tooMany('', 1), ['철수가', '밥을', '먹었다', '--json'])).toContain(
      'siseon "철수가 밥을 먹었다"',
    );
    expect(said('commander.excessArguments', tooMany('flow', 1), ['flow', '철수가', '밥을'])).toContain(
      'siseon flow "철수가 밥을"',
    );
    expect(said('commander.excessArguments', tooMany('pair', 3), ['pair', '철수가', '밥을', '가', '나'])).not.toContain(
      'siseon pair',
    );
  });
  it.each([
    ['inof', 'info'],
    ['Trian', 'train'],
    ['hed', 'heads'],
    ['love', null],
    ['apple', null],
    ['사과', null],
  ])('%s resembles %s', (typed, command) =>
    expect(commandMeant(typed, ['info', 'train', 'heads', 'ablate', 'open', 'flow', 'pair'])).toBe(command),
  );
});
