import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { type LookupResult, lookup } from 'siseon/lens';
import { loadModel } from 'siseon/model';
import { modelFolder } from 'siseon/models/ko';
import { describe, expect, it } from 'vitest';
import { readLookup, writeLookup } from '../src/library/address.ts';
import { readFiles, readJson, readPasted, readTable } from '../src/library/read.ts';
import { accessible, onThePage, onto, walked } from './onThePage.ts';
import { endWorker, withWorker } from './site.ts';

const model = await loadModel(modelFolder, { name: 'siseon/models/ko' });
const question = '사과 요리법에 대해 알고 싶어';

describe('what is brought in', () => {
  it('CSV with quotes and line breaks (RFC 4180), TSV, columns by their names, tags alone', async () => {
    const table = async (text: string) => (await readTable(text, 'x')).books.map(({ tag, content }) => [tag, content]);
    expect(await table('\ufeff과일,"사과, ""홍옥"""\r\n"운동\n법",걷기\r\n,빈 이름표\r\n')).toEqual([
      ['과일', '사과, "홍옥"'],
      ['운동\n법', '걷기'],
    ]);
    expect(await table('번호\t내용\t색인\n1\t사과 파이\t과일\n')).toEqual([['과일', '사과 파이']]);
    expect(await table('과일\n운동법\n')).toEqual([
      ['과일', ''],
      ['운동법', ''],
    ]);
  });
  it('lines that are pasted are cut at their first tab or comma, and nothing behind it is lost', async () => {
    const text =
      '봄, 여름\t철마다\n과일 요리\t파이, 굽기\n자동차, 엔진 오일, 그리고 타이어\n한 줄만\n"따옴표, 안",내용\n\n,이름 없음\n';
    expect(await readPasted(text)).toEqual({
      books: [
        { tag: '봄, 여름', content: '철마다' },
        { tag: '과일 요리', content: '파이, 굽기' },
        { tag: '자동차', content: '엔진 오일, 그리고 타이어' },
        { tag: '한 줄만', content: '' },
        { tag: '따옴표, 안', content: '내용' },
      ],
      problems: [{ file: '', kind: 'untagged', count: 1 }],
      firstRows: [{ file: '', cells: ['봄, 여름', '철마다'], heading: false }],
      older: [],
    });
  });
  it('a first row that names a column of tags is a heading; of any first row the visitor can say which it is', async () => {
    for (const heading of ['name,text', '제목,내용', '키,값', 'Question,Answer', '질문,답'])
      for (const read of [readTable(`${heading}\n과일,사과\n`, 'x'), readPasted(`${heading}\n과일,사과\n`)])
        expect(await read).toMatchObject({
          books: [{ tag: '과일', content: '사과' }],
          firstRows: [{ cells: heading.split(','), heading: true }],
        });
    const unknown = '품목,쓰임\n과일,사과\n';
    for (const [name, read] of [
      ['x', readTable],
      ['', readPasted],
    ] as const) {
      const as = async (text: string, heading?: boolean) => {
        const headings = new Map(heading === undefined ? [] : [[name, heading]]);
        const { books, firstRows } = await (read === readTable
          ? readTable(text, name, headings)
          : readPasted(text, headings));
        return [books.map(({ tag, content }) => `${tag} ${content}`), firstRows.map((row) => row.heading)];
      };
      expect(await as(unknown)).toEqual([['품목 쓰임', '과일 사과'], [false]]);
      expect(await as(unknown, true)).toEqual([['과일 사과'], [true]]);
      expect(await as('값,키\n사과,과일\n')).toEqual([['과일 사과'], [true]]);
      expect(await as('값,키\n사과,과일\n', false)).toEqual([['값 키', '사과 과일'], [false]]);
      // One row alone is an entry, and nothing to be asked about, but where it names columns.
      expect(await as('값,키\n')).toEqual([[], [true]]);
      expect(await as('값,키\n', false)).toEqual([['값 키'], [false]]);
      expect(await as('과일,사과\n')).toEqual([['과일 사과'], []]);
    }
  });
  it('of two columns of which a heading names one, the other is its fellow; of more it is said that some were left out', async () => {
    const entry = { books: [{ tag: '과일', content: '사과' }], problems: [] };
    for (const heading of ['tag,Inhalt', '태그,무엇', 'Begriff,text'])
      for (const read of [readTable(`${heading}\n과일,사과\n`, 'x'), readPasted(`${heading}\n과일,사과\n`)])
        expect(await read, heading).toMatchObject(entry);
    expect(await readTable('Inhalt,tag\n사과,과일\n', 'x')).toMatchObject(entry);
    expect(await readTable('태그,무엇,더\n과일,사과,배\n', 'x')).toMatchObject({
      ...entry,
      problems: [{ file: 'x', kind: 'columns', count: 1 }],
    });
  });
  it('semicolons part the columns where commas stand between digits alone', async () => {
    const shelves = [
      { tag: '사과', content: '3,5' },
      { tag: '배', content: '2,25' },
    ];
    for (const text of ['사과;3,5\n배;2,25\n', '이름;값\n사과;3,5\n배;2,25\n']) {
      expect((await readTable(text, 'x')).books).toEqual(shelves);
      expect((await readPasted(text)).books).toEqual(shelves);
    }
    expect((await readPasted('하나; 둘, 셋\n')).books).toEqual([{ tag: '하나; 둘', content: '셋' }]);
  });
  it('UTF-16 by its mark, and a text parted by tabs, as Excel saves “Unicode text”', async () => {
    const utf16 = (text: string, little: boolean): Uint8Array<ArrayBuffer> => {
      const view = new DataView(new ArrayBuffer(2 * text.length));
      for (let i = 0; i < text.length; i++) view.setUint16(2 * i, text.charCodeAt(i), little);
      return new Uint8Array(view.buffer);
    };
    const table = '\ufeff색인\t내용\r\n과일\t"사과, 배"\r\n';
    for (const name of ['표.txt', '표.csv'])
      for (const little of [true, false])
        expect(await readFiles([new File([utf16(table, little)], name)])).toMatchObject({
          books: [{ tag: '과일', content: '사과, 배' }],
          problems: [],
          older: [],
        });
    // A note may have a tab, and may be empty.
    const notes = [new File(['걷기\t아침\n뛰기'], 'a.txt'), new File([''], 'b.txt')];
    expect((await readFiles(notes)).books).toEqual([
      { tag: 'a', content: '걷기 아침 뛰기' },
      { tag: 'b', content: '' },
    ]);
  });
  it('what is left out is counted: entries without a tag, columns that nothing names', async () => {
    expect((await readTable('가,나,다\n라,마\n바,사,\n', 'x')).problems).toEqual([
      { file: 'x', kind: 'columns', count: 1 },
    ]);
    expect((await readTable('색인,내용,더\n가,나,다\n', 'x')).problems).toEqual([]);
    const json = '[{"tag":"과일"},{"content":"이름 없음"},{"tag":5},null,{"tag":"차","content":7}]';
    expect(readJson(json, 'x')).toEqual({
      books: [
        { tag: '과일', content: '' },
        { tag: '차', content: '' },
      ],
      problems: [{ file: 'x', kind: 'untagged', count: 3 }],
      firstRows: [],
      older: [],
    });
  });
  it('says which row’s quotation marks do not match', async () =>
    expect((await readTable('a,b\nc,"d\n', 'x.csv')).problems).toEqual([{ file: 'x.csv', kind: 'quotes', row: 2 }]));
  it('JSON as the command line takes it, pairs, tags; refuses what is none', async () => {
    const books = [{ tag: '과일', content: '사과' }];
    expect(readJson('[{"tag":"과일","content":"사과"}]', '').books).toEqual(books);
    expect((await readPasted(' [["과일","사과"]]')).books).toEqual(books);
    expect(readJson('["과일"]', '').books).toEqual([{ tag: '과일', content: '' }]);
    expect(readJson('{"a":1}', 'x').problems).toEqual([{ file: 'x', kind: 'shape' }]);
    expect(readJson('[', 'x').problems).toEqual([{ file: 'x', kind: 'json' }]);
  });
  it('a folder of notes, the older Korean encoding, and files that are none', async () => {
    const read = await readFiles([
      new File(['---\ntags: a\n---\n# 산책\n\n아침마다 걷는다'], '운동.md'),
      // 사과,빨강 in CP949.
      new File([new Uint8Array([0xbb, 0xe7, 0xb0, 0xfa, 0x2c, 0xbb, 0xa1, 0xb0, 0xad])], 'old.csv'),
      new File([new Uint8Array([0xff, 0xff, 0xff])], 'broken.txt'),
      new File(['x'], 'picture.png'),
      new File(['x'], '.hidden.md'),
    ]);
    expect(read.books).toEqual([
      { tag: '사과', content: '빨강' },
      { tag: '운동', content: '산책 아침마다 걷는다' },
    ]);
    expect(read.older).toEqual(['old.csv']);
    expect(read.problems.map(({ kind }) => kind)).toEqual(['text', 'kind']);
  });
  it('a small library goes into the address and back; a large one stays out', () => {
    const place = { question: '무엇? & #', temperature: 0.25, books: [{ tag: '가&', content: '나=#' }] };
    const back = (values: readonly string[]) => readLookup(new URLSearchParams(values.join('&')));
    expect(back(writeLookup(place))).toEqual(place);
    expect(back(writeLookup({ ...place, books: [{ tag: '가'.repeat(2001), content: '' }] })).books).toBeNull();
    expect(back(['t=0', 'l=%5B1']).temperature).toBe(1);
  });
});

onThePage('the room Library', (site, visited) => {
  const saved = async (page: Page, name: string): Promise<string> => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name, exact: true }).click(),
    ]);
    return readFileSync(await download.path(), 'utf8');
  };
  const csv = (name: string, text: string) => ({ name, mimeType: 'text/csv', buffer: Buffer.from(text) });
  const ranked = (page: Page, count: string): Promise<unknown> =>
    page.getByRole('heading', { name: `순위 (${count}개)` }).waitFor({ timeout: 90_000 });
  /** The score is the library's, and so is everything that it is made of: 1e-4 of numbers up to 400. */
  const same = (shown: Map<string, number | null>, expected: LookupResult): void => {
    const norm = shown.get('book:queryNorm')!;
    for (const [i, { score, weight, part, cosine }] of expected.entries.entries()) {
      const of = (name: string): number => shown.get(`book:${name}:${i}`)!;
      expect(Math.abs(of('score') - score)).toBeLessThan(1e-4);
      expect(Math.abs(of('weight') - weight)).toBeLessThan(1e-4);
      expect(Math.abs(of('part') - part)).toBeLessThan(1e-4);
      expect(Math.abs(of('cosine') - cosine)).toBeLessThan(1e-5);
      expect(Math.abs(of('dot') * expected.scale - score)).toBeLessThan(1e-4);
      expect(Math.abs(norm * of('norm') * of('cosine') - of('dot'))).toBeLessThan(1e-3);
    }
  };

  it('ranks one’s own question and tags with the library’s numbers, says when not to believe them, and saves them', () =>
    visited(async ({ page, open, numbers }) => {
      await open('#/ko/my-library?t=2');
      await ranked(page, '4');
      // It begins with the shelves of `siseon lookup`.
      const story = JSON.parse(readFileSync(new URL('library.json', modelFolder), 'utf8')) as {
        tag: string;
        content: string;
      }[];
      const expected = await lookup(model, question, story, { temperature: 2 });
      same(await numbers(), expected);
      await page.getByText(/점수 차이가 .*뿐이에요/).waitFor();

      const json = JSON.parse(await saved(page, 'JSON')) as LookupResult;
      expect(json).toMatchObject({ question, model: expected.model, temperature: 2, nearest: expected.nearest });
      for (const [i, { score }] of json.entries.entries())
        expect(Math.abs(score - expected.entries[i]!.score)).toBeLessThan(1e-4);
      const { books } = await readTable(await saved(page, 'CSV'), '');
      const best = expected.entries.toSorted((a, b) => b.score - a.score);
      expect(books.map(({ tag }) => tag)).toEqual(best.map(({ tag }) => tag));
      const svg = await saved(page, 'SVG');
      const drawn = await page.evaluate((text) => {
        const picture = new DOMParser().parseFromString(text, 'image/svg+xml');
        return [
          picture.querySelector('parsererror') === null,
          ...[...picture.querySelectorAll('text')].map(({ textContent }) => textContent),
        ];
      }, svg);
      expect(drawn[0]).toBe(true);
      for (const { tag } of story) expect(drawn).toContain(tag);
      expect(JSON.parse(await saved(page, '책장을 JSON으로'))).toEqual(story);

      await page.locator('#my-question').fill('쿼크 렙톤');
      await page.getByText(/순위를 믿지 마세요/).waitFor();
      // What nobody sees is no question, typed over another or brought by an address: no ranking stands below it.
      for (const [text, sign] of [
        ['\u200b', 'U+200B'],
        ['\ufeff', 'U+FEFF'],
      ] as const) {
        await page.locator('#my-question').fill(text);
        await page.getByText(`(${sign})`).waitFor();
        expect(await page.locator('#ranking').count()).toBe(0);
      }
      await page.locator('#my-question').fill('');
      await page.getByText('질문을 적으면').waitFor();
      await open('#/ko/my-library?k=%EF%BB%BF');
      await page.reload();
      await page.getByText('(U+FEFF)').waitFor();
    }));

  it('takes shelves that are typed, pasted and chosen; keeps them over a reload; a link shows its own and gives them back; clears', () =>
    visited(async ({ page, open, numbers }) => {
      await open('#/ko/my-library');
      await ranked(page, '4');
      await page.getByRole('button', { name: '책장 더하기' }).click();
      await page.waitForFunction(() => document.activeElement?.matches('[data-shelf] input'));
      await page.keyboard.type('여행 준비');
      await ranked(page, '5');
      await page.locator('#intake-paste').fill('색인\t내용\n스키\t겨울에 타는 법\n');
      await page.getByRole('button', { name: '읽기', exact: true }).click();
      await page.getByText('1개를 읽었어요').waitFor();
      await page.getByRole('button', { name: '책장에 더하기' }).click();
      await ranked(page, '6');
      await page
        .locator('#intake-files')
        .setInputFiles([csv('a.csv', '노래,크게 부르는 법\n수영,천천히 하는 법\n"옷,신발"\n'), csv('x.exe', '')]);
      await page.getByText(/x.exe: 읽지 않는/).waitFor();
      await page.getByRole('button', { name: '책장을 이것으로 바꾸기' }).click();
      await ranked(page, '3');
      await page.getByRole('button', { name: '앞의 책장 6개로 되돌리기' }).click();
      await ranked(page, '6');
      await page
        .locator('#intake-files')
        .setInputFiles([csv('a.csv', '노래,크게 부르는 법\n수영,천천히 하는 법\n"옷,신발"\n')]);
      // The first row is an entry here; it can be told to be none, and back.
      const first = page.getByText(/a\.csv: 첫 줄 ‘노래, 크게 부르는 법’: 책 하나로 읽었어요/);
      await first.waitFor();
      await page.getByText('3개를 읽었어요').waitFor();
      await page.getByRole('button', { name: '열 이름으로 보고 빼기' }).click();
      await page.getByText('2개를 읽었어요').waitFor();
      await page.getByText(/첫 줄 ‘노래, 크게 부르는 법’: 열 이름으로 보고 뺐어요/).waitFor();
      await page.getByRole('button', { name: '이 줄도 책으로 읽기' }).click();
      await first.waitFor();
      await page.getByRole('button', { name: '책장을 이것으로 바꾸기' }).click();
      await ranked(page, '3');
      const books = [
        { tag: '노래', content: '크게 부르는 법' },
        { tag: '수영', content: '천천히 하는 법' },
        { tag: '옷,신발' },
      ];
      await page.locator('#my-question').fill('물에서 하는 운동');
      const expected = await lookup(model, '물에서 하는 운동', books);
      await page.waitForFunction(
        (weight) =>
          Math.abs(Number(document.querySelector('[data-of="book:weight:1"]')?.getAttribute('value')) - weight) < 1e-4,
        expected.entries[1]!.weight,
      );
      same(await numbers(), expected);
      await page.waitForFunction(() => location.hash.includes('books='));
      const link = page.url();
      await page.reload();
      await ranked(page, '3');
      expect(await page.getByText(/링크에 담겨 온/).count()).toBe(0);
      await page.getByRole('button', { name: '색인 노래 빼기' }).click();
      await ranked(page, '2');
      await page.waitForTimeout(400);
      await page.goto('about:blank');
      await page.goto(link);
      await page.getByText(/링크에 담겨 온/).waitFor();
      await ranked(page, '3');
      // What is kept is not in sight: it cannot be cleared from here.
      expect(await page.getByRole('button', { name: '모두 지우기' }).count()).toBe(0);
      await page.getByRole('button', { name: '내 도서관으로' }).click();
      await ranked(page, '2');
      await page.getByRole('button', { name: '모두 지우기' }).click();
      // It was asked about those shelves, not about others.
      await page.getByRole('button', { name: '책장 더하기' }).click();
      await page.getByRole('button', { name: '모두 지우기' }).click();
      await page.getByRole('button', { name: '지우기', exact: true }).click();
      await ranked(page, '4');
    }));

  it('counts no shelves before it has opened, and takes nothing from folders that programs hide', () =>
    visited(
      async ({ page, open }) => {
        await open('#/ko/my-library');
        await ranked(page, '4');
        expect(await page.evaluate(() => (window as unknown as { counted: string[] }).counted)).not.toContain(
          '책장 (0개)',
        );
        const folder = mkdtempSync(join(tmpdir(), 'siseon-hidden-'));
        mkdirSync(join(folder, '.trash'));
        writeFileSync(join(folder, '.trash', '버린 것.md'), '없는 글');
        writeFileSync(join(folder, '산책.md'), '아침마다 걷는다');
        await page.locator('#intake-folder').setInputFiles(folder);
        await page.getByText('1개를 읽었어요').waitFor();
        rmSync(folder, { recursive: true });
      },
      {},
      (page) =>
        page.addInitScript(() => {
          const counted: string[] = [];
          Object.assign(window, { counted });
          new MutationObserver(() => {
            const said = document.getElementById('books')?.textContent;
            if (said) counted.push(said);
          }).observe(document, { subtree: true, childList: true, characterData: true });
        }),
    ));

  it('stands without a model as well: what is added joins the shelves that are there, and they are ranked once it comes', async () => {
    const one = await site.visit({}, (page) => page.route(/\.safetensors/, (route) => route.abort()));
    const { page, open } = one;
    await open('#/ko/my-library');
    await page.getByText('모델 파일을 받지 못했어요').waitFor();
    await page.getByRole('heading', { name: '책장 (4개)' }).waitFor();
    await page.locator('#intake-paste').fill('스키\t겨울에 타는 법\n');
    await page.getByRole('button', { name: '읽기', exact: true }).click();
    await page.getByRole('button', { name: '책장에 더하기' }).click();
    await page.getByRole('heading', { name: '책장 (5개)' }).waitFor();
    await page.unroute(/\.safetensors/);
    await page.getByRole('button', { name: '다시 시작' }).click();
    await ranked(page, '5');
    await one.close();
  });

  it('an engine that is gone: the ranking is said to be of the question before', () =>
    visited(
      async ({ page, open }) => {
        await open('#/ko/my-library');
        await ranked(page, '4');
        await endWorker(page);
        await page.locator('#my-question').fill('운동하는 법');
        await page.getByText(`앞서 적은 질문 ‘${question}’`).waitFor();
        await page.getByRole('button', { name: '다시 시작' }).click();
        await page.getByText('앞서 적은 질문').waitFor({ state: 'detached' });
      },
      {},
      withWorker,
    ));

  it('in two windows is one library: what is written in one stands in the other, and neither writes over it', () =>
    visited(async ({ page, open }) => {
      await open('#/ko/my-library');
      await ranked(page, '4');
      const other = await page.context().newPage();
      await other.goto(page.url().replace(/#.*/, '#/ko/my-library'));
      await ranked(other, '4');
      const add = async (at: typeof page, tag: string): Promise<void> => {
        await at.getByRole('button', { name: '책장 더하기' }).click();
        await at.waitForFunction(() => document.activeElement?.matches('[data-shelf] input'));
        await at.keyboard.type(tag);
      };
      await add(page, '첫째 창');
      await ranked(other, '5');
      await add(other, '둘째 창');
      await ranked(page, '6');
      await page.waitForTimeout(400);
      await page.reload();
      await ranked(page, '6');
      for (const at of [page, other])
        expect(
          await at
            .locator('[data-shelf] .tag input')
            .evaluateAll((list) => list.slice(-2).map((one) => (one as HTMLInputElement).value)),
        ).toEqual(['첫째 창', '둘째 창']);

      // What was taken away comes back, one after the other, unless a shelf was written since, here or in the other window.
      const undo = page.getByRole('button', { name: /^앞의\s책장/ });
      for (const left of ['5', '4']) {
        await page.getByRole('button', { name: '빼기' }).last().click();
        await ranked(page, left);
      }
      await undo.click();
      await ranked(page, '5');
      await undo.click();
      await ranked(page, '6');
      expect(await undo.count()).toBe(0);
      await page.locator('#intake-paste').fill('색인\t내용\n스키\t겨울에 타는 법\n');
      await page.getByRole('button', { name: '읽기', exact: true }).click();
      await page.getByRole('button', { name: '책장을 이것으로 바꾸기' }).click();
      await ranked(other, '1');
      await undo.waitFor();
      await add(other, '둘째 창');
      await ranked(page, '2');
      await undo.waitFor({ state: 'detached' });
    }));

  it('takes a folder of notes through its field: a note in a folder inside as well, a picture among them named, the ranking the library’s', () =>
    visited(async ({ page, open, numbers }) => {
      const folder = mkdtempSync(join(tmpdir(), 'siseon-notes-'));
      mkdirSync(join(folder, '안'));
      const notes = { '운동.md': '---\ntags: 몸\n---\n# 산책\n\n아침마다 걷는다\n', '요리.txt': '사과 파이를 굽는다' };
      for (const [name, text] of Object.entries(notes)) writeFileSync(join(folder, name), text);
      writeFileSync(join(folder, '안', '여행.markdown'), '가방을\r\n싼다');
      writeFileSync(join(folder, '사진.png'), '');
      await open('#/ko/my-library');
      await ranked(page, '4');
      await page.locator('#intake-folder').setInputFiles(folder);
      await page.getByText('3개를 읽었어요').waitFor();
      await page.getByText('사진.png: 읽지 않는').waitFor();
      await page.getByRole('button', { name: '책장을 이것으로 바꾸기' }).click();
      await ranked(page, '3');
      const books = [
        { tag: '여행', content: '가방을 싼다' },
        { tag: '요리', content: '사과 파이를 굽는다' },
        { tag: '운동', content: '산책 아침마다 걷는다' },
      ];
      const expected = await lookup(model, question, books);
      // The ranking of the shelves before had as many numbers and other ones.
      await page.waitForFunction(
        (score) =>
          Math.abs(Number(document.querySelector('[data-of="book:score:2"]')?.getAttribute('value')) - score) < 1e-4,
        expected.entries[2]!.score,
      );
      same(await numbers(), expected);
      expect(JSON.parse(await saved(page, '책장을 JSON으로'))).toEqual(books);
      await page.reload();
      await ranked(page, '3');
      expect(
        await page
          .locator('[data-shelf] .tag input')
          .evaluateAll((list) => list.map((field) => (field as HTMLInputElement).value)),
      ).toEqual(books.map(({ tag }) => tag));
      rmSync(folder, { recursive: true });
    }));

  it('is used with the keyboard alone: a question, a ranking, a shelf taken away, one put in', () =>
    visited(async ({ page, open }) => {
      await open('#/ko/my-library');
      await ranked(page, '4');
      await onto(page, 'my-question');
      await page.keyboard.press('Control+a');
      await page.keyboard.type('운동하는 법');
      await page.waitForFunction(() => location.hash.includes(encodeURIComponent('운동하는 법')));
      await onto(page, 'my-temperature');
      await page.keyboard.press('Home');
      await page.waitForFunction(() => location.hash.includes('t=0.01'));
      await onto(page, '색인 전자제품 빼기');
      await page.keyboard.press('Enter');
      await ranked(page, '3');
      await onto(page, '책장 더하기');
      await page.keyboard.press('Enter');
      await page.waitForFunction(() => document.activeElement?.matches('[data-shelf] input'));
      await page.keyboard.type('여행');
      await ranked(page, '4');
      await onto(page, 'intake-paste');
      await page.keyboard.type('음악, 크게 부르는 노래');
      await onto(page, '읽기');
      await page.keyboard.press('Enter');
      await onto(page, '책장에 더하기');
      await page.keyboard.press('Enter');
      await ranked(page, '5');
      await page.getByRole('heading', { name: '도서관', exact: true }).focus();
      await walked(page);
    }));

  it('3,000 lines pasted are read at once, past the field, which would take them one by one; the ranking is the library’s', () =>
    visited(async ({ page, open, numbers }) => {
      await open('#/ko/my-library');
      await ranked(page, '4');
      const books = Array.from({ length: 3000 }, (_, i) => ({
        tag: `책 ${i % 1000} ${i}`,
        content: `사과를 ${i % 7}번`,
      }));
      const field = page.locator('#intake-paste');
      await field.evaluate(
        (element, text) => {
          const clipboardData = new DataTransfer();
          clipboardData.setData('text/plain', text);
          element.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
        },
        books.map(({ tag, content }) => `${tag}, ${content}`).join('\n'),
      );
      await page.getByText('3,000개를 읽었어요').waitFor();
      expect(await field.inputValue()).toBe('');
      await page.getByRole('button', { name: '책장을 이것으로 바꾸기' }).click();
      await ranked(page, '3,000');
      const shown = await numbers();
      const seen = books.flatMap((book, i) => (shown.has(`book:score:${i}`) ? [{ i, book }] : []));
      expect(seen.length).toBeGreaterThan(5);
      const { entries } = await lookup(
        model,
        question,
        seen.map(({ book }) => book),
      );
      for (const [n, { i }] of seen.entries())
        expect(Math.abs(shown.get(`book:score:${i}`)! - entries[n]!.score)).toBeLessThan(1e-4);
    }));

  it('10,000 shelves: progress, called off and gone on with, only the rows in sight, every number there to the last; no network, keyboard, both themes', () =>
    visited(
      async ({ page, open }) => {
        await open('#/ko/my-library');
        await ranked(page, '4');
        await page.evaluate(() => navigator.serviceWorker.ready);
        await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
        await page.context().setOffline(true);
        const tags = Array.from({ length: 10_000 }, (_, i) => `책 ${i}`);
        await page.locator('#intake-files').setInputFiles([csv('big.csv', `tag\n${tags.join('\n')}`)]);
        await page.getByRole('button', { name: '책장을 이것으로 바꾸기' }).click();
        await page.getByText(/벡터로 바꾸는 중이에요/).waitFor();
        await page.getByRole('button', { name: '그만두기' }).click();
        await page.getByText(/벡터로 바꾸다 멈췄어요/).waitFor();
        await page.getByRole('button', { name: '이어서' }).click();
        await ranked(page, '10,000');
        expect(await page.locator('[role=row]').count()).toBeLessThan(60);
        // A tag that ends with digits stands apart from its weight, and none is listed that two digits do not show.
        await page.getByText(/막대에.*:\s(‘책\s\d+’\s\d\.\d\d,\s){1,7}나머지\s9,99\d개\s\d\.\d\d\./).waitFor();
        const frame = page.getByRole('table', { name: /순위/ });
        expect(await frame.getAttribute('aria-rowcount')).toBe('10000');
        await frame.focus();
        await page.keyboard.press('End');
        await frame.locator('[aria-rowindex="10000"] data').first().waitFor();
        const expected = await lookup(
          model,
          question,
          ['책 0', '책 9999'].map((tag) => ({ tag })),
        );
        const json = JSON.parse(await saved(page, 'JSON')) as LookupResult;
        for (const [place, i] of [
          [0, 0],
          [1, 9999],
        ] as const)
          expect(Math.abs(json.entries[i]!.score - expected.entries[place]!.score)).toBeLessThan(1e-4);
        expect(Math.abs(json.entries.reduce((sum, { weight }) => sum + weight, 0) - 1)).toBeLessThan(1e-4);
        await accessible(page);
      },
      { colorScheme: 'dark', serviceWorkers: 'allow' },
    ));
});
