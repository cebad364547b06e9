/** What runs inside a report: plain DOM, no library, nothing fetched. The whole function is written into the file. */

export interface ReportData {
  readonly words: readonly {
    readonly text: string;
    readonly word: number | null;
    readonly tokens: readonly string[];
  }[];
  readonly layerCount: number;
  readonly headCount: number;
  /** Base64 of float32, [layer, head, query, key]. */
  readonly weights: string;
  readonly contributions: string;
  readonly start: { readonly layer: number; readonly head: number; readonly query: number };
  readonly say: Readonly<
    Record<
      'asks' | 'looks' | 'weight' | 'contribution' | 'head' | 'layer' | 'itself' | 'special' | 'sum' | 'heads',
      string
    >
  >;
}

export function reportPage(data: ReportData): void {
  const numbers = (text: string): Float32Array =>
    new Float32Array(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
  const measures = { weight: numbers(data.weights), contribution: numbers(data.contributions) };
  const n = data.words.length;
  const state = { ...data.start, measure: 'weight' as 'weight' | 'contribution', pinned: true };
  const find = (id: string): HTMLElement => document.getElementById(id) as HTMLElement;
  const cell = (layer: number, head: number, query: number, key: number): number =>
    measures[state.measure][((layer * data.headCount + head) * n + query) * n + key] ?? 0;
  const largest = (layer: number, head: number): number => {
    let most = 0;
    for (let i = 0; i < n * n; i++)
      most = Math.max(most, measures[state.measure][(layer * data.headCount + head) * n * n + i] ?? 0);
    return state.measure === 'weight' ? 1 : most || 1;
  };
  const element = (name: string, properties: Record<string, string>, text = ''): HTMLElement => {
    const made = document.createElement(name);
    for (const [property, value] of Object.entries(properties)) made.setAttribute(property, value);
    made.textContent = text;
    return made;
  };

  /** The words in a row: buttons, the asking one underlined, each with its number beneath. */
  const drawSentence = (): void => {
    const row = find('sentence');
    row.replaceChildren();
    const most = largest(state.layer, state.head);
    for (const [index, { text, word }] of data.words.entries()) {
      const number = cell(state.layer, state.head, state.query, index);
      const button = element('button', {
        type: 'button',
        class: `word${word === null ? ' special' : ''}`,
        'aria-pressed': String(index === state.query),
        'data-index': String(index),
      });
      button.append(element('span', { class: 'text' }, text));
      const bar = element('span', { class: 'bar' });
      bar.style.setProperty('--share', String(number / most));
      button.append(bar, element('span', { class: 'number' }, number.toFixed(2)));
      button.addEventListener('click', () => {
        state.query = index;
        draw();
        (find('sentence').children[index] as HTMLElement).focus();
      });
      row.append(button);
    }
    drawArcs();
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
      const share = cell(state.layer, state.head, state.query, index) / most;
      if (index === state.query || share < 0.005) continue;
      const rise = Math.min(120, 26 + Math.abs(x - from) * 0.32);
      const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
      path.setAttribute('d', `M ${from} 128 C ${from} ${128 - rise}, ${x} ${128 - rise}, ${x} 128`);
      path.setAttribute('stroke-width', String(0.75 + 8 * share));
      path.setAttribute('stroke-opacity', String(0.15 + 0.85 * share));
      svg.append(path);
    }
  };

  /** The sentence that says the picture, and the row of numbers with its sum. */
  const drawSaying = (): void => {
    const asking = data.words[state.query];
    const order = data.words
      .map(({ text, word }, index) => ({
        text,
        word,
        index,
        number: cell(state.layer, state.head, state.query, index),
      }))
      .sort((a, b) => b.number - a.number);
    const sum = order.reduce((total, { number }) => total + number, 0);
    find('saying').textContent =
      `${data.say.layer} ${state.layer}, ${data.say.head} ${state.head}: ${asking?.text ?? ''} → ${order
        .slice(0, 4)
        .map(
          ({ text, index, number }) =>
            `${text}${index === state.query ? ` (${data.say.itself})` : ''} ${number.toFixed(2)}`,
        )
        .join(', ')}`;
    const body = find('rows');
    body.replaceChildren();
    for (const { text, word, index, number } of order) {
      const line = element('tr', {});
      const note = index === state.query ? ` (${data.say.itself})` : word === null ? ` (${data.say.special})` : '';
      line.append(element('td', {}, text + note), element('td', { class: 'number' }, number.toFixed(4)));
      body.append(line);
    }
    const total = element('tr', { class: 'sum' });
    total.append(element('td', {}, data.say.sum), element('td', { class: 'number' }, sum.toFixed(4)));
    body.append(total);
  };

  const colours = (): { ground: number[]; full: number[] } => {
    const style = getComputedStyle(document.documentElement);
    const parse = (name: string): number[] =>
      (style.getPropertyValue(name).match(/[\da-f]{2}/gi) ?? []).map((part) => Number.parseInt(part, 16));
    return { ground: parse('--ground'), full: parse('--score') };
  };

  /** A head's square as pixels, a cell a pixel or more. */
  const paint = (canvas: HTMLCanvasElement, layer: number, head: number, scale: number): void => {
    canvas.width = n * scale;
    canvas.height = n * scale;
    const context = canvas.getContext('2d');
    if (!context) return;
    const { ground, full } = colours();
    const most = largest(layer, head);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) {
        const share = cell(layer, head, i, j) / most;
        const mix = ground.map((part, c) => Math.round(part + (full[c]! - part) * share));
        context.fillStyle = `rgb(${mix.join(',')})`;
        context.fillRect(j * scale, i * scale, scale, scale);
      }
    if (layer === state.layer && head === state.head) {
      context.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue('--query');
      context.strokeRect(0.5, state.query * scale + 0.5, n * scale - 1, scale - 1);
    }
  };

  const drawHeads = (): void => {
    const grid = find('heads');
    grid.replaceChildren();
    grid.style.setProperty('--heads', String(data.headCount));
    for (let layer = 0; layer < data.layerCount; layer++)
      for (let head = 0; head < data.headCount; head++) {
        const chosen = layer === state.layer && head === state.head;
        const button = element('button', { type: 'button', class: 'head', 'aria-pressed': String(chosen) });
        button.setAttribute('aria-label', `${data.say.layer} ${layer}, ${data.say.head} ${head}`);
        const canvas = document.createElement('canvas');
        paint(canvas, layer, head, Math.max(1, Math.ceil(64 / n)));
        button.append(canvas, element('span', {}, `L${layer}·H${head}`));
        button.addEventListener('click', () => {
          state.layer = layer;
          state.head = head;
          draw();
          (find('heads').children[layer * data.headCount + head] as HTMLElement).focus();
        });
        grid.append(button);
      }
  };

  const drawMatrix = (): void => {
    const canvas = find('matrix') as HTMLCanvasElement;
    paint(canvas, state.layer, state.head, Math.max(2, Math.floor(420 / n)));
  };
  find('matrix').addEventListener('mousemove', (event) => {
    const box = find('matrix').getBoundingClientRect();
    const [i, j] = [
      Math.floor(((event.clientY - box.top) / box.height) * n),
      Math.floor(((event.clientX - box.left) / box.width) * n),
    ];
    const [query, key] = [data.words[i], data.words[j]];
    if (query && key)
      find('hover').textContent = `${query.text} → ${key.text}: ${cell(state.layer, state.head, i, j).toFixed(4)}`;
  });
  find('matrix').addEventListener('click', (event) => {
    const box = find('matrix').getBoundingClientRect();
    state.query = Math.min(n - 1, Math.max(0, Math.floor(((event.clientY - box.top) / box.height) * n)));
    draw();
  });

  const draw = (): void => {
    for (const name of ['weight', 'contribution'])
      find(name).setAttribute('aria-pressed', String(name === state.measure));
    drawSentence();
    drawSaying();
    drawHeads();
    drawMatrix();
  };
  for (const name of ['weight', 'contribution'] as const)
    find(name).addEventListener('click', () => {
      state.measure = name;
      draw();
    });
  document.addEventListener('keydown', (event) => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (step === 0 || !(event.target as HTMLElement).closest?.('#sentence')) return;
    state.query = (state.query + step + n) % n;
    draw();
    (find('sentence').children[state.query] as HTMLElement).focus();
  });
  addEventListener('resize', drawArcs);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  draw();
}
