/** From so many letters on a field is written in a face of the system's own. */
const most = 3000;

/**
 * A face of the system has all of Hangul in one piece: the page's comes in ninety pieces, and to lay out tens of thousands
 * of letters from them takes seconds. `text` is what the field shows when the page puts it there.
 */
export function lengthy(field: HTMLInputElement | HTMLTextAreaElement, text: string) {
  const set = (letters: number): void => void field.classList.toggle('lengthy', letters > most);
  /** The face is there before the letters are. */
  const before = (event: Event): void => {
    const { data, dataTransfer } = event as InputEvent;
    const added = data ?? dataTransfer?.getData('text/plain') ?? '';
    if (field.value.length + added.length > most) set(field.value.length + added.length);
  };
  const after = (): void => set(field.value.length);
  field.addEventListener('beforeinput', before);
  field.addEventListener('input', after);
  set(text.length);
  return {
    update: (next: string) => set(next.length),
    destroy() {
      field.removeEventListener('beforeinput', before);
      field.removeEventListener('input', after);
    },
  };
}
