/** What runs inside a report: plain DOM, no library, nothing fetched. The whole function is written into the file. */

type Measure = 'weight' | 'contribution';

export interface ReportData {
  readonly words: readonly {
    readonly text: string;
    /** Korean: the word with 은 or 는. */
    readonly topic: string;
    readonly word: number | null;
  }[];
  readonly layerCount: number;
  readonly headCount: number;
  /** Base64 of float32, [layer, head, query, key]. */
  readonly weights: string;
  readonly contributions: string;
  /** −∞ where the query may not look. */
  readonly scores: string;
  readonly start: { readonly layer: number; readonly head: number; readonly query: number };
  readonly korean: boolean;
  readonly say: Readonly<
    Record<
      | 'score'
      | 'weight'
      | 'contribution'
      | 'head'
      | 'layer'
      | 'itself'
      | 'special'
      | 'sum'
      | 'masked'
      | 'cell'
      | 'largest',
      string
    >
  >;
}

export function reportPage(data: ReportData): void {
  const numbers = (text: string): Float32Array =>
    new Float32Array(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
  const measures = { weight: numbers(data.weights), contribution: numbers(data.contributions) };
  const scores = numbers(data.scores);
  const n = data.words.length;
  const { say } = data;
  /** What is looked at; `key` is the cell that is pinned, `hover` the one under the pointer. */
  const state = {
    ...data.start,
    measure: 'weight' as Measure,
    key: -1,
    hover: null as { query: number; key: number } | null,
  };
  const find = (id: string): HTMLElement => document.getElementById(id) as HTMLElement;
  const at = (layer: number, head: number, query: number, key: number): number =>
    ((layer * data.headCount + head) * n + query) * n + key;
  const numberAt = (query: number, key: number, measure = state.measure): number =>
    measures[measure][at(state.layer, state.head, query, key)] ?? 0;
  const hidden = (layer: number, head: number, query: number, key: number): boolean =>
    scores[at(layer, head, query, key)] === Number.NEGATIVE_INFINITY;
  /** What fills a cell or a bar: 1 for weights; for contributions the largest of the head. */
  const largest = (layer: number, head: number): number => {
    if (state.measure === 'weight') return 1;
    const from = at(layer, head, 0, 0);
    return measures.contribution.subarray(from, from + n * n).reduce((a, b) => Math.max(a, b), 0) || 1;
  };
  const written = (number: number, digits: number): string => {
    const text = number.toFixed(digits);
    return Number(text) === 0 ? text.replace('-', '') : text.replace('-', '−');
  };
  const element = (name: string, properties: Record<string, string>, text = ''): HTMLElement => {
    const made = document.createElement(name);
    for (const [property, value] of Object.entries(properties)) made.setAttribute(property, value);
    made.textContent = text;
    return made;
  };
  const noteOf = (index: number): string =>
    index === state.query ? ` (${say.itself})` : data.words[index]!.word === null ? ` (${say.special})` : '';

  /** The words in a row: buttons, the asking one underlined, each with its number beneath. */
  const drawSentence = (): void => {
    const row = find('sentence');
    row.replaceChildren();
    const most = largest(state.layer, state.head);
    for (const [index, { text, word }] of data.words.entries()) {
      const number = numberAt(state.query, index);
      const button = element('button', {
        type: 'button',
        class: `word${word === null ? ' special' : ''}`,
        'aria-pressed': String(index === state.query),
      });
      const bar = element('span', { class: 'bar' });
      bar.style.setProperty('--share', String(number / most));
      button.append(
        element('span', { class: 'text' }, text),
        bar,
        element('span', { class: 'number' }, written(number, 2)),
      );
      button.addEventListener('click', () => ask(index));
      row.append(button);
    }
    drawArcs();
  };
  const ask = (query: number): void => {
    state.query = query;
    state.key = -1;
    draw();
    (find('sentence').children[query] as HTMLElement).focus();
  };

  /** Arcs from the asking word, width and opacity by the number. */
  const drawArcs = (): void => {
    const svg = find('arcs');
    svg.replaceChildren();
    const row = find('sentence');
    const frame = row.getBoundingClientRect();
    const middles = [...row.children].map((child) => {
      const box = child.getBoundingClientRect();
      return { x: box.left + box.width / 2 - frame.left, top: box.top - frame.top };
    });
    const oneLine = middles.every(({ top }) => Math.abs(top - (middles[0]?.top ?? 0)) < 4);
    svg.style.display = oneLine ? 'block' : 'none';
    svg.setAttribute('width', String(row.scrollWidth));
    const most = largest(state.layer, state.head);
    const from = middles[state.query]?.x ?? 0;
    for (const [index, { x }] of middles.entries()) {
      const share = numberAt(state.query, index) / most;
      if (index === state.query || share < 0.005) continue;
      const rise = Math.min(120, 26 + Math.abs(x - from) * 0.32);
      const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
      path.setAttribute('d', `M ${from} 124 C ${from} ${124 - rise}, ${x} ${124 - rise}, ${x} 124`);
      path.setAttribute('stroke-width', String(0.75 + 8 * share));
      path.setAttribute('stroke-opacity', String(0.15 + 0.85 * share));
      svg.append(path);
    }
  };

  /** The picture as a sentence: the words looked at most, and what is left over. */
  const drawSaying = (): void => {
    const others = data.words
      .map(({ text, word }, index) => ({ text, word, index, number: numberAt(state.query, index) }))
      .filter(({ word, index }) => word !== null && index !== state.query)
      .sort((a, b) => b.number - a.number)
      .slice(0, 3);
    const all = data.words.reduce((sum, _, index) => sum + numberAt(state.query, index), 0);
    const rest = written(all - others.reduce((sum, { number }) => sum + number, 0), 2);
    const { text = '', topic = '' } = data.words[state.query] ?? {};
    const place = `(${say.layer} ${state.layer}, ${say.head} ${state.head})`;
    const listed = (one: (text: string, number: string) => string): string =>
      others.map((other) => one(other.text, written(other.number, 2))).join(', ');
    // 영, 일, 삼, 육, 칠, 팔 end in a consonant.
    const closed = /[013678]$/.test(rest);
    const korean =
      state.measure === 'weight'
        ? `${topic} ${listed((word, number) => `‘${word}’에 ${number}`)}의 어텐션을 주고, 나머지 ${rest}${closed ? '은' : '는'} 자기 자신과 구분 토큰, 다른 단어에 둡니다 ${place}.`
        : `‘${text}’에 실려 온 길이는 ${listed((word, number) => `‘${word}’에서 ${number}`)}, 나머지에서 모두 ${rest}입니다 ${place}.`;
    const english =
      state.measure === 'weight'
        ? `${text} gives ${listed((word, number) => `${number} to ${word}`)}, and ${rest} to itself, the separators and all others ${place}.`
        : `To ${text} come lengths of ${listed((word, number) => `${number} from ${word}`)}, and ${rest} from all the rest ${place}.`;
    find('saying').textContent = data.korean ? korean : english;
  };

  /** Every key of the asking word with its three numbers, the largest first; the pinned one is marked. */
  const drawNumbers = (): void => {
    const body = find('rows');
    body.replaceChildren();
    const order = data.words
      .map((_, index) => index)
      .sort((a, b) => numberAt(state.query, b) - numberAt(state.query, a));
    for (const index of order) {
      const line = element('tr', index === state.key ? { 'aria-current': 'true' } : {});
      const score = scores[at(state.layer, state.head, state.query, index)] ?? 0;
      line.append(
        element('th', { scope: 'row' }, data.words[index]!.text + noteOf(index)),
        element('td', { class: 'number score' }, Number.isFinite(score) ? written(score, 2) : say.masked),
        element('td', { class: 'number' }, written(numberAt(state.query, index, 'weight'), 4)),
        element('td', { class: 'number value' }, written(numberAt(state.query, index, 'contribution'), 4)),
      );
      body.append(line);
    }
    const total = element('tr', { class: 'sum' });
    const sum = order.reduce((all, index) => all + numberAt(state.query, index, 'weight'), 0);
    total.append(
      element('th', { scope: 'row' }, say.sum),
      element('td', {}),
      element('td', { class: 'number' }, written(sum, 4)),
      element('td', {}),
    );
    body.append(total);
  };

  const colour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const channels = (name: string): number[] =>
    (colour(name).match(/[\da-f]{2}/gi) ?? []).map((part) => Number.parseInt(part, 16));

  interface Square {
    readonly layer: number;
    readonly head: number;
    readonly cell: number;
    readonly left: number;
    readonly top: number;
  }
  /** A head's square, cells from the ground to the full colour, masked ones hatched. */
  const paint = (context: CanvasRenderingContext2D, { layer, head, cell, left, top }: Square): void => {
    const [ground, full] = [channels('--ground'), channels('--score')];
    const most = largest(layer, head);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) {
        const share = (measures[state.measure][at(layer, head, i, j)] ?? 0) / most;
        const mix = ground.map((part, c) => Math.round(part + (full[c]! - part) * share));
        const [x, y] = [left + j * cell, top + i * cell];
        context.fillStyle = `rgb(${mix.join(',')})`;
        context.fillRect(x, y, cell, cell);
        if (!hidden(layer, head, i, j)) continue;
        context.strokeStyle = colour('--rule');
        context.lineWidth = 1;
        context.beginPath();
        context.moveTo(x, y + cell);
        context.lineTo(x + cell, y);
        context.stroke();
      }
  };
  /** A canvas of so many CSS pixels, sharp on every screen. */
  const sized = (canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D | null => {
    const density = Math.max(1, devicePixelRatio);
    canvas.width = Math.round(width * density);
    canvas.height = Math.round(height * density);
    const context = canvas.getContext('2d');
    context?.setTransform(density, 0, 0, density, 0, 0);
    return context;
  };

  const drawHeads = (): void => {
    const grid = find('heads');
    grid.replaceChildren();
    grid.style.setProperty('--heads', String(data.headCount));
    for (let layer = 0; layer < data.layerCount; layer++)
      for (let head = 0; head < data.headCount; head++) {
        const chosen = layer === state.layer && head === state.head;
        const name = `L${layer}·H${head}`;
        const button = element('button', { type: 'button', class: 'head', 'aria-pressed': String(chosen) });
        const canvas = document.createElement('canvas');
        const context = sized(canvas, 72, 72);
        if (context) paint(context, { layer, head, cell: 72 / n, left: 0, top: 0 });
        button.append(canvas, element('span', {}, name));
        button.addEventListener('click', () => {
          state.layer = layer;
          state.head = head;
          draw();
          (find('heads').children[layer * data.headCount + head] as HTMLElement).focus();
        });
        grid.append(button);
      }
  };

  /** Where the cells of the large square stand: words beside and above them, unless there are too many to be read. */
  const layout = (): { cell: number; left: number; top: number; size: number } => {
    const size = Math.min(460, find('square').clientWidth);
    const context = document.createElement('canvas').getContext('2d');
    if (context) context.font = `13px ${getComputedStyle(document.body).fontFamily}`;
    const widest = Math.max(...data.words.map(({ text }) => context?.measureText(text).width ?? 0));
    const side = Math.min(96, Math.ceil(widest) + 10);
    const cell = (size - side) / n;
    return cell < 13 ? { cell: size / n, left: 0, top: 0, size } : { cell, left: side, top: side, size };
  };
  const drawMatrix = (): void => {
    const canvas = find('matrix') as HTMLCanvasElement;
    const { cell, left, top, size } = layout();
    const [width, height] = [left + cell * n, top + cell * n];
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    const context = sized(canvas, width, height);
    if (!context) return;
    context.clearRect(0, 0, size, size);
    paint(context, { layer: state.layer, head: state.head, cell, left, top });
    const font = getComputedStyle(document.body).fontFamily;
    context.font = `13px ${font}`;
    context.textBaseline = 'middle';
    for (const [index, { text }] of left > 0 ? data.words.entries() : []) {
      context.fillStyle = colour(index === state.query ? '--query' : '--ink');
      context.textAlign = 'right';
      context.fillText(text, left - 6, top + (index + 0.5) * cell, left - 8);
      context.fillStyle = colour('--ink');
      context.save();
      context.translate(left + (index + 0.5) * cell, top - 6);
      context.rotate(-Math.PI / 2);
      context.textAlign = 'left';
      context.fillText(text, 0, 0, top - 8);
      context.restore();
    }
    if (cell >= 34)
      for (let i = 0; i < n; i++)
        for (let j = 0; j < n; j++) {
          if (hidden(state.layer, state.head, i, j)) continue;
          const share = numberAt(i, j) / largest(state.layer, state.head);
          context.textAlign = 'center';
          context.fillStyle = colour(share > 0.5 ? '--ground' : '--ink');
          context.fillText(written(numberAt(i, j), 2), left + (j + 0.5) * cell, top + (i + 0.5) * cell);
        }
    context.lineWidth = 2;
    context.strokeStyle = colour('--query');
    context.strokeRect(left + 1, top + state.query * cell + 1, n * cell - 2, cell - 2);
    const marked = state.hover ?? (state.key < 0 ? null : state);
    if (!marked) return;
    context.strokeStyle = colour('--key');
    context.strokeRect(left + marked.key * cell + 1, top + marked.query * cell + 1, cell - 2, cell - 2);
  };

  /** One cell in words: under the pointer, else the one that is pinned. */
  const drawCell = (): void => {
    const { query, key } = state.hover ?? state;
    const [from, to] = [data.words[query], data.words[key]];
    if (!from || !to) {
      find('cell').textContent = say.cell;
      return;
    }
    const score = scores[at(state.layer, state.head, query, key)] ?? 0;
    find('cell').textContent =
      `${from.text} → ${to.text}: ${say.score} ${Number.isFinite(score) ? written(score, 4) : say.masked}, ${say.weight} ${written(numberAt(query, key, 'weight'), 4)}, ${say.contribution} ${written(numberAt(query, key, 'contribution'), 4)}`;
  };
  const drawLegend = (): void => {
    find('full').textContent =
      state.measure === 'weight' ? '1' : `${written(largest(state.layer, state.head), 2)} (${say.largest})`;
  };

  const draw = (): void => {
    for (const name of ['weight', 'contribution'])
      find(name).setAttribute('aria-pressed', String(name === state.measure));
    drawSentence();
    drawSaying();
    drawHeads();
    drawMatrix();
    drawCell();
    drawNumbers();
    drawLegend();
  };
  const pointed = (event: MouseEvent): { query: number; key: number } | null => {
    const box = find('matrix').getBoundingClientRect();
    const { cell, left, top } = layout();
    const [key, query] = [
      Math.floor((event.clientX - box.left - left) / cell),
      Math.floor((event.clientY - box.top - top) / cell),
    ];
    return key >= 0 && key < n && query >= 0 && query < n ? { query, key } : null;
  };
  const pin = (query: number, key: number): void => {
    state.query = Math.min(n - 1, Math.max(0, query));
    state.key = Math.min(n - 1, Math.max(-1, key));
    state.hover = null;
    draw();
  };
  find('matrix').addEventListener('mousemove', (event) => {
    state.hover = pointed(event);
    drawMatrix();
    drawCell();
  });
  find('matrix').addEventListener('mouseleave', () => {
    state.hover = null;
    drawMatrix();
    drawCell();
  });
  find('matrix').addEventListener('click', (event) => {
    const cell = pointed(event);
    if (cell) pin(cell.query, cell.key);
  });
  find('matrix').addEventListener('keydown', (event) => {
    const moves: Record<string, [number, number]> = {
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
    };
    const move = moves[event.key];
    if (move) {
      event.preventDefault();
      pin(state.query + (state.key < 0 ? 0 : move[0]), Math.max(0, state.key + (state.key < 0 ? 1 : move[1])));
    }
  });
  for (const name of ['weight', 'contribution'] as const)
    find(name).addEventListener('click', () => {
      state.measure = name;
      draw();
    });
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') pin(state.query, -1);
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (step !== 0 && (event.target as HTMLElement).closest?.('#sentence')) ask((state.query + step + n) % n);
  });
  addEventListener('resize', () => {
    drawArcs();
    drawMatrix();
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  draw();
}
