/** What runs inside a report: plain DOM, no library, nothing fetched. The whole function is written into the file. */

type Measure = 'weight' | 'contribution';

export interface ReportWord {
  readonly text: string;
  /** Korean: the word with 은 or 는. */
  readonly topic: string;
  readonly word: number | null;
}

/** One attention: of a text to itself, or of the decoder's text to the encoder's. */
export interface ReportPart {
  /** Its name on a button; empty where there is no other. */
  readonly name: string;
  readonly queries: readonly ReportWord[];
  readonly keys: readonly ReportWord[];
  /** Queries and keys are words of two texts; what each is called. */
  readonly crossed: { readonly queries: string; readonly keys: string } | null;
  /** Each layer as it is named in a sentence. */
  readonly layers: readonly string[];
  readonly headCount: number;
  /** Base64 of float32, [layer, head, query, key]. */
  readonly weights: string;
  readonly contributions: string;
  /** −∞ where the query may not look. */
  readonly scores: string;
  /** What it opens with. */
  readonly start: { readonly layer: number; readonly head: number; readonly query: number };
}

export interface ReportData {
  readonly parts: readonly ReportPart[];
  readonly part: number;
  readonly korean: boolean;
  readonly say: Readonly<
    Record<
      'score' | 'weight' | 'contribution' | 'head' | 'itself' | 'special' | 'sum' | 'masked' | 'cell' | 'largest',
      string
    >
  >;
}

export function reportPage(data: ReportData): void {
  const numbers = (text: string): Float32Array =>
    new Float32Array(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
  const { say } = data;
  /** What is looked at in each part; `key` is the cell that is pinned, `hover` the one under the pointer. */
  const parts = data.parts.map((part) => ({
    ...part,
    measures: { weight: numbers(part.weights), contribution: numbers(part.contributions) },
    scores: numbers(part.scores),
    state: { ...part.start, key: -1, hover: null as { query: number; key: number } | null },
  }));
  let part = parts[data.part]!;
  let measure: Measure = 'weight';
  const find = (id: string): HTMLElement => document.getElementById(id) as HTMLElement;
  const at = (layer: number, head: number, query: number, key: number): number =>
    ((layer * part.headCount + head) * part.queries.length + query) * part.keys.length + key;
  const numberAt = (query: number, key: number, of = measure): number =>
    part.measures[of][at(part.state.layer, part.state.head, query, key)] ?? 0;
  const hidden = (layer: number, head: number, query: number, key: number): boolean =>
    part.scores[at(layer, head, query, key)] === Number.NEGATIVE_INFINITY;
  /** What fills a cell or a bar: 1 for weights; for contributions the largest of the head. */
  const largest = (layer: number, head: number): number => {
    if (measure === 'weight') return 1;
    const own = part.measures.contribution.subarray(at(layer, head, 0, 0), at(layer, head + 1, 0, 0));
    return own.reduce((a, b) => Math.max(a, b), 0) || 1;
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
  const isItself = (key: number): boolean => !part.crossed && key === part.state.query;
  const noteOf = (index: number): string =>
    isItself(index) ? ` (${say.itself})` : part.keys[index]!.word === null ? ` (${say.special})` : '';

  /** The words that ask: buttons in a row, the asking one underlined; where they ask another text, it stands beneath. */
  const drawSentence = (): void => {
    const { crossed, state, keys } = part;
    const most = largest(state.layer, state.head);
    const words = (list: readonly ReportWord[], name: string): HTMLElement[] =>
      list.map(({ text, word }) => {
        const made = element(name, { class: `word${word === null ? ' special' : ''}` });
        made.append(element('span', { class: 'text' }, text));
        return made;
      });
    const asking = words(part.queries, 'button');
    for (const [index, button] of asking.entries()) {
      button.setAttribute('type', 'button');
      button.setAttribute('aria-pressed', String(index === state.query));
      button.addEventListener('click', () => ask(index));
    }
    const answering = crossed ? words(keys, 'span') : asking;
    for (const [index, word] of answering.entries()) {
      const bar = element('span', { class: 'bar' });
      bar.style.setProperty('--share', String(numberAt(state.query, index) / most));
      word.append(bar, element('span', { class: 'number' }, written(numberAt(state.query, index), 2)));
    }
    find('asking').replaceChildren(...(crossed ? asking : []));
    find('sentence').replaceChildren(...answering);
    find('queries').textContent = crossed?.queries ?? '';
    find('keys').textContent = crossed?.keys ?? '';
    drawArcs();
  };
  const ask = (query: number): void => {
    part.state.query = query;
    part.state.key = -1;
    draw();
    (find(part.crossed ? 'asking' : 'sentence').children[query] as HTMLElement).focus();
  };

  /** Arcs from the asking word, width and opacity by the number; down to the other text, where it asks another. */
  const drawArcs = (): void => {
    const { crossed, state } = part;
    const svg = find('arcs');
    svg.replaceChildren();
    const row = find('sentence');
    const left = row.getBoundingClientRect().left;
    const middlesOf = (words: HTMLElement): { x: number; top: number }[] =>
      [...words.children].map((child) => {
        const box = child.getBoundingClientRect();
        return { x: box.left + box.width / 2 - left, top: box.top };
      });
    const answering = middlesOf(row);
    const asking = crossed ? middlesOf(find('asking')) : answering;
    const oneLine = [asking, answering].every((words) => words.every(({ top }) => Math.abs(top - words[0]!.top) < 4));
    svg.style.display = oneLine ? 'block' : 'none';
    svg.setAttribute('width', String(Math.max(row.scrollWidth, find('asking').scrollWidth)));
    const most = largest(state.layer, state.head);
    const from = asking[state.query]?.x ?? 0;
    for (const [index, { x }] of answering.entries()) {
      const share = numberAt(state.query, index) / most;
      if (isItself(index) || share < 0.005) continue;
      const rise = Math.min(120, 26 + Math.abs(x - from) * 0.32);
      const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
      path.setAttribute(
        'd',
        crossed
          ? `M ${from} 8 C ${from} 66, ${x} 66, ${x} 124`
          : `M ${from} 124 C ${from} ${124 - rise}, ${x} ${124 - rise}, ${x} 124`,
      );
      path.setAttribute('stroke-width', String(0.75 + 8 * share));
      path.setAttribute('stroke-opacity', String(0.15 + 0.85 * share));
      svg.append(path);
    }
  };

  /** The picture as a sentence: the words looked at most, and what is left over. */
  const drawSaying = (): void => {
    const { crossed, state, keys } = part;
    const others = keys
      .map(({ text, word }, index) => ({ text, word, index, number: numberAt(state.query, index) }))
      .filter(({ word, index }) => word !== null && !isItself(index))
      .sort((a, b) => b.number - a.number)
      .slice(0, 3);
    const all = keys.reduce((sum, _, index) => sum + numberAt(state.query, index), 0);
    const rest = written(all - others.reduce((sum, { number }) => sum + number, 0), 2);
    const { text = '', topic = '' } = part.queries[state.query] ?? {};
    const place = `(${part.layers[state.layer]}, ${say.head} ${state.head})`;
    const listed = (one: (text: string, number: string) => string): string =>
      others.map((other) => one(other.text, written(other.number, 2))).join(', ');
    // 영, 일, 삼, 육, 칠, 팔 end in a consonant.
    const closed = /[013678]$/.test(rest);
    const korean =
      measure === 'weight'
        ? `${topic} ${listed((word, number) => `‘${word}’에 ${number}`)}의 어텐션을 주고, 나머지 ${rest}${closed ? '은' : '는'} ${crossed ? '' : '자기 자신과 '}구분 토큰, 다른 단어에 둡니다 ${place}.`
        : `‘${text}’에 실려 온 길이는 ${listed((word, number) => `‘${word}’에서 ${number}`)}, 나머지에서 모두 ${rest}입니다 ${place}.`;
    const english =
      measure === 'weight'
        ? `${text} gives ${listed((word, number) => `${number} to ${word}`)}, and ${rest} to ${crossed ? '' : 'itself, '}the separators and all others ${place}.`
        : `To ${text} come lengths of ${listed((word, number) => `${number} from ${word}`)}, and ${rest} from all the rest ${place}.`;
    find('saying').textContent = data.korean ? korean : english;
  };

  /** Every key of the asking word with its three numbers, the largest first; the pinned one is marked. */
  const drawNumbers = (): void => {
    const body = find('rows');
    body.replaceChildren();
    const { state, keys } = part;
    const order = keys.map((_, index) => index).sort((a, b) => numberAt(state.query, b) - numberAt(state.query, a));
    for (const index of order) {
      const line = element('tr', index === state.key ? { 'aria-current': 'true' } : {});
      const score = part.scores[at(state.layer, state.head, state.query, index)] ?? 0;
      line.append(
        element('th', { scope: 'row' }, keys[index]!.text + noteOf(index)),
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
    for (let i = 0; i < part.queries.length; i++)
      for (let j = 0; j < part.keys.length; j++) {
        const share = (part.measures[measure][at(layer, head, i, j)] ?? 0) / most;
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
    const { state, headCount, queries, keys } = part;
    const grid = find('heads');
    grid.replaceChildren();
    grid.style.setProperty('--heads', String(headCount));
    const cell = 72 / Math.max(queries.length, keys.length);
    const [width, height] = [keys.length * cell, queries.length * cell];
    for (const layer of part.layers.keys())
      for (let head = 0; head < headCount; head++) {
        const chosen = layer === state.layer && head === state.head;
        const button = element('button', { type: 'button', class: 'head', 'aria-pressed': String(chosen) });
        const canvas = document.createElement('canvas');
        canvas.style.width = `${width}px`;
        canvas.style.height = `${height}px`;
        const context = sized(canvas, width, height);
        if (context) paint(context, { layer, head, cell, left: 0, top: 0 });
        button.append(canvas, element('span', {}, `L${layer}·H${head}`));
        button.addEventListener('click', () => {
          Object.assign(state, { layer, head });
          draw();
          (find('heads').children[layer * headCount + head] as HTMLElement).focus();
        });
        grid.append(button);
      }
  };

  /** Where the cells of the large square stand: words beside and above them, unless there are too many to be read. */
  const layout = (): { cell: number; left: number; top: number } => {
    const { queries, keys } = part;
    const size = Math.min(460, find('square').clientWidth);
    const context = document.createElement('canvas').getContext('2d');
    if (context) context.font = `13px ${getComputedStyle(document.body).fontFamily}`;
    const side = (words: readonly ReportWord[]): number =>
      Math.min(96, Math.ceil(Math.max(...words.map(({ text }) => context?.measureText(text).width ?? 0))) + 10);
    const [left, top] = [side(queries), side(keys)];
    const cell = Math.min((size - left) / keys.length, (size - top) / queries.length);
    const bare = size / Math.max(queries.length, keys.length);
    return cell < 13 ? { cell: bare, left: 0, top: 0 } : { cell: Math.min(cell, 72), left, top };
  };
  const drawMatrix = (): void => {
    const { state, queries, keys } = part;
    const canvas = find('matrix') as HTMLCanvasElement;
    const { cell, left, top } = layout();
    const [width, height] = [left + cell * keys.length, top + cell * queries.length];
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    const context = sized(canvas, width, height);
    if (!context) return;
    context.clearRect(0, 0, width, height);
    paint(context, { layer: state.layer, head: state.head, cell, left, top });
    context.font = `13px ${getComputedStyle(document.body).fontFamily}`;
    context.textBaseline = 'middle';
    for (const [index, { text }] of left > 0 ? queries.entries() : []) {
      context.fillStyle = colour(index === state.query ? '--query' : '--ink');
      context.textAlign = 'right';
      context.fillText(text, left - 6, top + (index + 0.5) * cell, left - 8);
    }
    context.fillStyle = colour('--ink');
    for (const [index, { text }] of left > 0 ? keys.entries() : []) {
      context.save();
      context.translate(left + (index + 0.5) * cell, top - 6);
      context.rotate(-Math.PI / 2);
      context.textAlign = 'left';
      context.fillText(text, 0, 0, top - 8);
      context.restore();
    }
    for (let i = 0; i < queries.length && cell >= 34; i++)
      for (let j = 0; j < keys.length; j++) {
        if (hidden(state.layer, state.head, i, j)) continue;
        const share = numberAt(i, j) / largest(state.layer, state.head);
        context.textAlign = 'center';
        context.fillStyle = colour(share > 0.5 ? '--ground' : '--ink');
        context.fillText(written(numberAt(i, j), 2), left + (j + 0.5) * cell, top + (i + 0.5) * cell);
      }
    context.lineWidth = 2;
    context.strokeStyle = colour('--query');
    context.strokeRect(left + 1, top + state.query * cell + 1, keys.length * cell - 2, cell - 2);
    const marked = state.hover ?? (state.key < 0 ? null : state);
    if (!marked) return;
    context.strokeStyle = colour('--key');
    context.strokeRect(left + marked.key * cell + 1, top + marked.query * cell + 1, cell - 2, cell - 2);
  };

  /** One cell in words: under the pointer, else the one that is pinned. */
  const drawCell = (): void => {
    const { state } = part;
    const { query, key } = state.hover ?? state;
    const [from, to] = [part.queries[query], part.keys[key]];
    if (!from || !to) {
      find('cell').textContent = say.cell;
      return;
    }
    const score = part.scores[at(state.layer, state.head, query, key)] ?? 0;
    find('cell').textContent =
      `${from.text} → ${to.text}: ${say.score} ${Number.isFinite(score) ? written(score, 4) : say.masked}, ${say.weight} ${written(numberAt(query, key, 'weight'), 4)}, ${say.contribution} ${written(numberAt(query, key, 'contribution'), 4)}`;
  };
  const drawLegend = (): void => {
    const { layer, head } = part.state;
    find('full').textContent = measure === 'weight' ? '1' : `${written(largest(layer, head), 2)} (${say.largest})`;
  };

  const draw = (): void => {
    for (const name of ['weight', 'contribution']) find(name).setAttribute('aria-pressed', String(name === measure));
    for (const [index, button] of [...find('parts').children].entries())
      button.setAttribute('aria-pressed', String(parts[index] === part));
    find('room').classList.toggle('many', part.headCount > 4);
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
    return key >= 0 && key < part.keys.length && query >= 0 && query < part.queries.length ? { query, key } : null;
  };
  const pin = (query: number, key: number): void => {
    Object.assign(part.state, {
      query: Math.min(part.queries.length - 1, Math.max(0, query)),
      key: Math.min(part.keys.length - 1, Math.max(-1, key)),
      hover: null,
    });
    draw();
  };
  find('matrix').addEventListener('mousemove', (event) => {
    part.state.hover = pointed(event);
    drawMatrix();
    drawCell();
  });
  find('matrix').addEventListener('mouseleave', () => {
    part.state.hover = null;
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
      const { query, key } = part.state;
      pin(query + (key < 0 ? 0 : move[0]), Math.max(0, key + (key < 0 ? 1 : move[1])));
    }
  });
  for (const name of ['weight', 'contribution'] as const)
    find(name).addEventListener('click', () => {
      measure = name;
      draw();
    });
  for (const other of parts.length > 1 ? parts : []) {
    const button = element('button', { type: 'button' }, other.name);
    button.addEventListener('click', () => {
      part = other;
      draw();
    });
    find('parts').append(button);
  }
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') pin(part.state.query, -1);
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    const count = part.queries.length;
    if (step !== 0 && (event.target as HTMLElement).closest?.('.sentence'))
      ask((part.state.query + step + count) % count);
  });
  addEventListener('resize', () => {
    drawArcs();
    drawMatrix();
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  draw();
}
