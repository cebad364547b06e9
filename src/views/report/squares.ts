import type { CellMark, SquareMarks } from '../squareMarks.ts';
import type { Picture, ReportPage, ReportWord } from './page.ts';

/** The weights as squares: every head small, the chosen one large, whose cells can be pointed at and kept. */
export function squares(page: ReportPage): Picture {
  const { find, element, written, read, numberAt, say } = page;
  const colour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const channels = (name: string): number[] =>
    (colour(name).match(/[\da-f]{2}/gi) ?? []).map((part) => Number.parseInt(part, 16));
  const rem = (): number => Number.parseFloat(getComputedStyle(document.documentElement).fontSize);

  /** A head's square, cells from the ground to the full colour, masked ones hatched. */
  const paint = (context: CanvasRenderingContext2D, marks: SquareMarks): void => {
    const [ground, full] = [channels('--ground'), channels('--score')];
    for (let i = 0; i < page.part.queries.length; i++)
      for (let j = 0; j < page.part.keys.length; j++) {
        const { x, y, side, masked, depth } = marks.cell(i, j);
        const mix = ground.map((part, c) => Math.round(part + (full[c]! - part) * Math.max(0, depth)));
        context.fillStyle = `rgb(${mix.join(',')})`;
        context.fillRect(x, y, side, side);
        if (masked) stripe(context, x, y, side);
      }
  };
  /** Lines from corner to corner and between, as many as there is room for: no number stands here. */
  const stripe = (context: CanvasRenderingContext2D, x: number, y: number, cell: number): void => {
    const count = Math.max(1, Math.round(cell / 6));
    context.strokeStyle = colour('--stripe');
    context.lineWidth = 1;
    context.beginPath();
    for (let n = 1; n < 2 * count; n++) {
      const [from, to] = [(Math.min(n, count) / count) * cell, (Math.max(0, n - count) / count) * cell];
      context.moveTo(x + to, y + from);
      context.lineTo(x + from, y + to);
    }
    context.stroke();
  };
  /** A canvas of so many CSS pixels, sharp on every screen. */
  const sized = (canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D | null => {
    const density = Math.max(1, devicePixelRatio);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    canvas.width = Math.round(width * density);
    canvas.height = Math.round(height * density);
    const context = canvas.getContext('2d');
    context?.setTransform(density, 0, 0, density, 0, 0);
    return context;
  };

  const drawHeads = (): void => {
    const { state, headCount, queries, keys, layers } = page.part;
    const grid = find('heads');
    grid.replaceChildren();
    grid.style.setProperty('--heads', String(headCount));
    const cell = (4.5 * rem()) / Math.max(queries.length, keys.length);
    for (const layer of layers.keys())
      for (let head = 0; head < headCount; head++) {
        const chosen = layer === state.layer && head === state.head;
        const button = element('button', { type: 'button', class: 'head', 'aria-pressed': String(chosen) });
        const canvas = document.createElement('canvas');
        const context = sized(canvas, keys.length * cell, queries.length * cell);
        if (context) paint(context, page.marksOf(layer, head, { left: 0, top: 0, side: cell, gap: 0, away: 0 }));
        button.append(canvas, element('span', {}, `L${layer}·H${head}`));
        button.addEventListener('click', () => {
          page.turn(layer, head);
          (find('heads').children[layer * headCount + head] as HTMLElement).focus();
        });
        grid.append(button);
      }
  };

  const lettered = (size: number): string => `${size}px ${getComputedStyle(document.body).fontFamily}`;
  /** Keys stand on a slant: read without turning the head, and still narrow enough. */
  const slant = Math.PI / 4;
  interface Layout {
    readonly cell: number;
    readonly left: number;
    readonly top: number;
    readonly right: number;
    /** Height of the letters; 0: too many words to be read. */
    readonly letter: number;
  }
  /** Where the cells of the large square stand: words beside and above them, in smaller letters where cells are narrow. */
  const layout = (): Layout => {
    const { queries, keys } = page.part;
    const size = Math.min(29 * rem(), find('square').clientWidth);
    const context = document.createElement('canvas').getContext('2d');
    const within = (letter: number): Layout => {
      if (context) context.font = lettered(letter);
      const side = (words: readonly ReportWord[]): number =>
        Math.min(6 * rem(), Math.max(...words.map(({ text }) => context?.measureText(text).width ?? 0)));
      const left = Math.ceil(side(queries) + 0.6 * rem());
      // A slanted word reaches as far to the right as upwards; half a cell of that is its own.
      const top = Math.ceil(side(keys) * Math.SQRT1_2 + rem());
      const right = Math.max(0, top - 0.9 * rem());
      const cell = Math.min((size - left - right) / keys.length, (size - top) / queries.length, 4.5 * rem());
      // On whole pixels edges are sharp.
      return { cell: cell > 10 ? Math.floor(cell) : cell, left, top, right, letter };
    };
    // Slanted lines lie nearer to each other than upright ones: a letter takes two thirds of a cell.
    const usual = within(0.8125 * rem());
    const narrow = within(Math.min(usual.letter, Math.max(0.5 * rem(), 0.66 * usual.cell)));
    return 0.75 * narrow.cell < narrow.letter
      ? { cell: size / Math.max(queries.length, keys.length), left: 0, top: 0, right: 0, letter: 0 }
      : narrow;
  };
  /** The large square where it stands; between cells that are wide enough, a line of the ground. */
  const marksOf = ({ cell: side, left, top }: Layout): SquareMarks =>
    page.marksOf(page.part.state.layer, page.part.state.head, {
      left,
      top,
      side,
      gap: side > 10 ? 1 : 0,
      away: 0.4 * rem(),
    });
  const nameCells = (context: CanvasRenderingContext2D, marks: SquareMarks): void => {
    const { state, queries, keys } = page.part;
    const inked = ({ word }: ReportWord): string => colour(word === null ? '--faint' : '--ink');
    for (const [index, query] of queries.entries()) {
      const { x, y } = marks.rowName(index);
      context.fillStyle = index === state.query ? colour('--query') : inked(query);
      context.textAlign = 'right';
      context.fillText(query.text, x, y, x);
    }
    for (const [index, key] of keys.entries()) {
      const { x, y } = marks.columnName(index);
      context.fillStyle = inked(key);
      context.save();
      context.translate(x, y);
      context.rotate(-slant);
      context.textAlign = 'left';
      context.fillText(key.text, 0, 0, 6 * rem());
      context.restore();
    }
  };
  const drawMatrix = (): void => {
    const { state, queries, keys } = page.part;
    const place = layout();
    const { cell, left, top, right, letter } = place;
    const [width, height] = [left + cell * keys.length + right, top + cell * queries.length];
    const context = sized(find('matrix') as HTMLCanvasElement, width, height);
    if (!context) return;
    const marks = marksOf(place);
    paint(context, marks);
    // Where numbers are 0 the square is still seen.
    const { x: first, y: above, width: across, height: down } = marks.frame;
    context.strokeStyle = colour('--rule');
    context.lineWidth = 1;
    context.strokeRect(first - 0.5, above - 0.5, across, down);
    context.font = lettered(letter);
    context.textBaseline = 'middle';
    if (letter > 0) nameCells(context, marks);
    const inks = colour('--inks')
      .split(',')
      .map((step) => step.trim().split(' ') as [string, string]);
    for (let i = 0; i < queries.length && cell >= 2.1 * rem(); i++)
      for (let j = 0; j < keys.length; j++) {
        const { x, y, side, number, depth } = marks.cell(i, j);
        if (number === null) continue;
        context.textAlign = 'center';
        context.fillStyle = inks.findLast(([share]) => depth >= Number(share))![1];
        context.fillText(written(number, page.range()), x + side / 2, y + side / 2);
      }
    context.lineWidth = 2;
    const ring = (from: CellMark, wide: number, name: string): void => {
      context.strokeStyle = colour(name);
      context.strokeRect(from.x + 1, from.y + 1, wide - 2, from.side - 2);
    };
    ring(marks.cell(state.query, 0), marks.frame.width, '--query');
    const marked = state.hover ?? (state.key < 0 ? null : state);
    if (marked) ring(marks.cell(marked.query, marked.key), cell, '--key');
  };

  /** One cell in words: under the pointer, else the one that is pinned. */
  const drawCell = (): void => {
    const { state, queries, keys } = page.part;
    const { query, key } = state.hover ?? state;
    const [from, to] = [queries[query], keys[key]];
    if (!from || !to) {
      find('cell').textContent = say.cell;
      return;
    }
    const score = page.scoreOf(state.layer, state.head, query, key);
    find('cell').textContent =
      `${from.text}${from.which} → ${to.text}${to.which}: ${say.score} ${Number.isFinite(score) ? read(score, 1) : say.masked}, ${say.weight} ${read(numberAt(query, key, 'weight'), 1)}, ${say.contribution} ${read(numberAt(query, key, 'contribution'), page.range('contribution'))}`;
  };
  const drawLegend = (): void => {
    find('full').textContent = page.measure === 'weight' ? '1' : `${read(page.range(), page.range())} (${say.largest})`;
    const { queries, keys, state } = page.part;
    const masks = queries.some((_, i) =>
      keys.some((__, j) => page.scoreOf(state.layer, state.head, i, j) === Number.NEGATIVE_INFINITY),
    );
    for (const name of ['stripes', 'masked']) find(name).hidden = !masks;
    find('scale').classList.toggle('rooted', page.rooted);
    find('rooted').textContent = page.rooted ? say.rooted : '';
  };

  const pointed = (event: MouseEvent): { query: number; key: number } | null => {
    const box = find('matrix').getBoundingClientRect();
    const cell = marksOf(layout()).under({ x: event.clientX - box.left, y: event.clientY - box.top });
    return cell && { query: cell.row, key: cell.column };
  };
  const hover = (cell: { query: number; key: number } | null): void => {
    page.part.state.hover = cell;
    drawMatrix();
    drawCell();
  };
  find('matrix').addEventListener('mousemove', (event) => hover(pointed(event)));
  find('matrix').addEventListener('mouseleave', () => hover(null));
  find('matrix').addEventListener('click', (event) => {
    const cell = pointed(event);
    if (cell) page.pin(cell.query, cell.key);
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
      const { query, key } = page.part.state;
      page.pin(query + (key < 0 ? 0 : move[0]), Math.max(0, key + (key < 0 ? 1 : move[1])));
    }
  });
  return {
    draw: () => {
      drawHeads();
      drawMatrix();
      drawCell();
      drawLegend();
    },
    resized: () => {
      drawHeads();
      drawMatrix();
    },
  };
}
