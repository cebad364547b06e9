import type { Picture, ReportPage, ReportWord } from './page.ts';

/** The sentence: its words ask, arcs and bars show what they look at, and the caption says it. */
export function sentenceRow(page: ReportPage): Picture {
  const { find, element, written, read, numberAt, say } = page;

  /** The words that ask are buttons, the asking one underlined; where they ask another text, it stands beneath. */
  const drawWords = (): void => {
    const { crossed, state, keys, queries } = page.part;
    const words = (list: readonly ReportWord[], name: string): HTMLElement[] =>
      list.map(({ text, word }) => {
        const made = element(name, { class: `word${word === null ? ' special' : ''}` });
        made.append(element('span', { class: 'text' }, text));
        return made;
      });
    const asking = words(queries, 'button');
    for (const [index, button] of asking.entries()) {
      button.setAttribute('type', 'button');
      button.setAttribute('aria-pressed', String(index === state.query));
      button.addEventListener('click', () => ask(index));
    }
    const answering = crossed ? words(keys, 'span') : asking;
    for (const [index, word] of answering.entries()) {
      const bar = element('span', { class: 'bar' });
      bar.style.setProperty('--share', String(page.shareOf(state.layer, state.head, state.query, index)));
      word.append(bar, element('span', { class: 'number' }, written(numberAt(state.query, index), page.range())));
    }
    find('asking').replaceChildren(...(crossed ? asking : []));
    find('sentence').replaceChildren(...answering);
    find('queries').textContent = crossed?.queries ?? '';
    find('keys').textContent = crossed?.keys ?? '';
  };
  const ask = (query: number): void => {
    page.ask(query);
    (find(page.part.crossed ? 'asking' : 'sentence').children[query] as HTMLElement).focus();
  };

  /** Of each word its middle, counted from the picture's corner. */
  const middlesOf = (words: HTMLElement, corner: DOMRect): { x: number; y: number; top: number }[] =>
    [...words.children].map((word) => {
      const { left, top, width, height } = word.getBoundingClientRect();
      return { x: left + width / 2 - corner.left, y: top + height / 2 - corner.top, top };
    });
  /** What does not fit on a line stands in a column, another text's without arcs; one that is too long even for that wraps. */
  const longestColumn = 40;
  const drawArcs = (): void => {
    const { crossed, state, keys } = page.part;
    const [svg, gaze, row] = [find('arcs'), find('gaze'), find('sentence')];
    svg.replaceChildren();
    svg.style.display = 'block';
    gaze.classList.remove('down', 'listed');
    const oneLine = [row, find('asking')].every((words) => {
      const tops = middlesOf(words, row.getBoundingClientRect()).map(({ top }) => top);
      return tops.every((top) => Math.abs(top - tops[0]!) < 4);
    });
    const down = !oneLine && !crossed && keys.length <= longestColumn;
    gaze.classList.toggle('down', down);
    gaze.classList.toggle('listed', !oneLine && crossed !== null && keys.length <= longestColumn);
    if (!oneLine && !down) {
      svg.style.display = 'none';
      return;
    }
    const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
    if (down) svg.removeAttribute('width');
    else svg.setAttribute('width', String(Math.max(row.scrollWidth, find('asking').scrollWidth)));
    const corner = svg.getBoundingClientRect();
    const answering = middlesOf(row, corner);
    const from = (crossed ? middlesOf(find('asking'), corner) : answering)[state.query] ?? { x: 0, y: 0 };
    const [foot, edge] = [7.75 * rem, corner.width - 0.5 * rem];
    for (const [index, to] of answering.entries()) {
      const share = page.shareOf(state.layer, state.head, state.query, index);
      if (page.isItself(index) || share < 0.005) continue;
      const arc = down
        ? page.arcMark(from.y, to.y, share, { down, unit: rem / 16 })
        : page.arcMark(from.x, to.x, share, { unit: rem / 16 });
      const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
      if (crossed)
        path.setAttribute('d', `M ${from.x} 8 C ${from.x} ${foot / 2}, ${to.x} ${foot / 2}, ${to.x} ${foot}`);
      else {
        path.setAttribute('d', arc.path);
        path.setAttribute('transform', down ? `translate(${edge} 0)` : `translate(0 ${foot})`);
      }
      path.setAttribute('stroke-width', String(arc.width));
      path.setAttribute('stroke-opacity', String(arc.opacity));
      svg.append(path);
    }
  };

  /** The picture as a sentence: the words looked at most, and what is left over. */
  const drawSaying = (): void => {
    const { crossed, state, keys, queries, layers } = page.part;
    const words = keys
      .map(({ text, which, word }, index) => ({ text, which, word, index, number: numberAt(state.query, index) }))
      .filter(({ word, index }) => word !== null && !page.isItself(index))
      .sort((a, b) => b.number - a.number);
    const others = words.slice(0, 3);
    const all = keys.reduce((sum, _, index) => sum + numberAt(state.query, index), 0);
    const rest = read(all - others.reduce((sum, { number }) => sum + number, 0), page.range());
    const { text = '', topic = '' } = queries[state.query] ?? {};
    const place = `(${layers[state.layer]}, ${say.head}\u00a0${state.head})`;
    const listed = (one: (word: string, number: string) => string): string =>
      others
        .map(({ text, which, number }) =>
          one(page.korean ? `‘${text}’${which}` : `${text}${which}`, read(number, page.range())),
        )
        .join(', ');
    const left = (itself: string, separators: string, all: string): string[] => [
      ...(crossed ? [] : [itself]),
      ...(keys.some(({ word }) => word === null) ? [separators] : []),
      ...(words.length > others.length ? [all] : []),
    ];
    // 영, 일, 삼, 육, 칠, 팔 end in a consonant.
    const closed = /[013678]$/.test(rest);
    const attention = {
      korean: (): string => {
        const kept = left('자기 자신', '구분 토큰', '다른 단어').join(', ');
        if (others.length === 0) return `${topic} 어텐션 ${rest}${closed ? '을' : '를'} 모두 ${kept}에 둡니다`;
        const given = `${topic} ${listed((word, number) => `${word}\u2060에 ${number}`)}의 어텐션을`;
        return kept ? `${given} 주고, 나머지 ${rest}${closed ? '은' : '는'} ${kept}에 둡니다` : `${given} 줍니다`;
      },
      english: (): string => {
        const kept = left('itself', 'the separators', 'all others')
          .join(', ')
          .replace(/, ([^,]*)$/, ' and $1');
        const given = [listed((word, number) => `${number} to ${word}`), kept && `${rest} to ${kept}`];
        return `${text} gives ${given.filter((part) => part !== '').join(', and ')}`;
      },
    };
    const lengths = {
      korean: (): string =>
        `‘${text}’\u2060에 실려 온 길이는 ${listed((word, number) => `${word}\u2060에서 ${number}`)}, 나머지에서 모두 ${rest}입니다`,
      english: (): string =>
        `To ${text} come lengths of ${listed((word, number) => `${number} from ${word}`)}, and ${rest} from all the rest`,
    };
    const said = (page.measure === 'weight' ? attention : lengths)[page.korean ? 'korean' : 'english']();
    find('saying').textContent = `${said} ${place}.`;
  };

  document.addEventListener('keydown', (event) => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    const count = page.part.queries.length;
    if (step !== 0 && (event.target as HTMLElement).closest?.('.sentence'))
      ask((page.part.state.query + step + count) % count);
  });
  return {
    draw: () => {
      drawWords();
      drawArcs();
      drawSaying();
    },
    resized: drawArcs,
  };
}
