import type { Picture, ReportPage } from './page.ts';

/** Every key of the asking word with its three numbers, the largest first; the pinned one is marked. */
export function numbersTable(page: ReportPage): Picture {
  const { find, element, read, numberAt, say } = page;
  const draw = (): void => {
    const { state, keys } = page.part;
    const carried = page.range('contribution');
    const order = keys.map((_, index) => index).sort((a, b) => numberAt(state.query, b) - numberAt(state.query, a));
    const lines = order.map((index) => {
      const line = element('tr', index === state.key ? { 'aria-current': 'true' } : {});
      const score = page.scoreOf(state.layer, state.head, state.query, index);
      const name = element('th', { scope: 'row' }, `${keys[index]!.text}${keys[index]!.which}`);
      const note = page.isItself(index) ? say.itself : keys[index]!.word === null ? say.special : '';
      if (note) name.append(' ', element('small', {}, note));
      line.append(
        name,
        element('td', { class: 'number score' }, Number.isFinite(score) ? read(score, 1) : say.masked),
        element('td', { class: 'number weight' }, read(numberAt(state.query, index, 'weight'), 1)),
        element('td', { class: 'number value' }, read(numberAt(state.query, index, 'contribution'), carried)),
      );
      return line;
    });
    const total = element('tr', { class: 'sum' });
    const sum = order.reduce((all, index) => all + numberAt(state.query, index, 'weight'), 0);
    total.append(
      element('th', { scope: 'row' }, say.sum),
      element('td', {}),
      element('td', { class: 'number weight' }, read(sum, 1)),
      element('td', {}),
    );
    find('rows').replaceChildren(...lines, total);
  };
  return { draw };
}
