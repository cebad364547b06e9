import { describe, expect, it } from 'vitest';
import type { Language } from '../views/language.ts';
import { downloadLine } from './download.ts';

/** What a stream of these columns (none: a pipe) is given for progress at these times, in milliseconds. */
function written(
  language: Language,
  columns: number | undefined,
  steps: readonly (readonly [at: number, megabytes: number, secondsLeft: number | null])[],
  file = 'model.safetensors',
): string[] {
  const lines: string[] = [];
  let now = 0;
  const output = {
    ...(columns !== undefined && { isTTY: true, columns }),
    write: (text: string) => lines.push(text),
  };
  const line = downloadLine(language, output, () => now);
  for (const [at, megabytes, secondsLeft] of steps) {
    now = at;
    line.tell({ file, done: megabytes * 1e6, total: 443e6, secondsLeft });
  }
  line.stop();
  return lines;
}

describe('progress of a download', () => {
  it('on a terminal is one line, written anew at most every tenth of a second, and gone at the end', () => {
    const steps = [
      [0, 0, null],
      [50, 1.04, null],
      [150, 2.06, 89.2],
      [300, 100, 90],
      [450, 200, 5400],
      [500, 443, 0],
    ] as const;
    expect(written('en', 80, steps)).toEqual([
      '\r\u001b[Kfetching model.safetensors: 0.0 / 443.0 MB',
      '\r\u001b[Kfetching model.safetensors: 2.1 / 443.0 MB, 90 s left',
      '\r\u001b[Kfetching model.safetensors: 100.0 / 443.0 MB, 2 min left',
      '\r\u001b[Kfetching model.safetensors: 200.0 / 443.0 MB, 1.5 h left',
      '\r\u001b[Kfetching model.safetensors: 443.0 / 443.0 MB',
      '\r\u001b[K',
    ]);
    expect(written('ko', 80, steps)[2]).toBe('\r\u001b[K내려받는 중 model.safetensors: 100.0 / 443.0 MB, 2분 남음');
  });
  it('in a pipe is a line every ten seconds, without control characters, and one at the end', () => {
    const steps = [
      [0, 0, null],
      [5000, 50, 39],
      [10_000, 100, 34],
      [12_000, 443, 0],
      [12_001, 443, 0],
    ] as const;
    expect(written('ko', undefined, steps)).toEqual([
      '내려받는 중 model.safetensors: 0.0 / 443.0 MB\n',
      '내려받는 중 model.safetensors: 100.0 / 443.0 MB, 34초 남음\n',
      '내려받는 중 model.safetensors: 443.0 / 443.0 MB\n',
    ]);
  });
  it('never wraps: the name gives way', () => {
    const name = 'very/deep/folder/model-00001-of-00009.safetensors';
    expect(written('ko', 60, [[0, 1, 70]], name)[0]).toBe(
      '\r\u001b[K내려받는 중 …f-00009.safetensors: 1.0 / 443.0 MB, 70초 남음',
    );
    expect(written('ko', 30, [[0, 1, 70]], name)[0]).toBe('\r\u001b[K내려받는 중 : 1.0 / 443.0 MB, 70초 남음');
  });
});
