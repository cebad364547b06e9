/** What the edits of a run's texts change beside its stages: the sums of heads' outputs, and the scores on top. */
import type { Architecture } from './architecture.ts';
import { lengthsOf, type RunResult, rowsOf, type TextRun } from './batch.ts';
import { changeRows, changesOf } from './edits.ts';
import { editedOutputs } from './headOutputs.ts';
import type { Batch, SumHeads } from './transformer.ts';

/** Heads' outputs as the texts' edits want them. */
export function sumHeadsOf(a: Architecture, batch: Batch, texts: readonly TextRun[]): SumHeads {
  return (o, projected) =>
    editedOutputs(
      o,
      projected,
      a,
      texts.map((text, b) => ({
        edits: text.edits ?? [],
        lengths: lengthsOf(text),
        first: b * rowsOf(`${projected.place}.attentionOutput`, batch),
      })),
    );
}

/** Logits and labels' scores as a text's edits want them: nothing comes after them on the device. */
export function changeScores(a: Architecture, text: TextRun, { logits, classes }: RunResult, rows: number): void {
  const { edits = [], logits: asked = 'all' } = text;
  const all = Array.from({ length: rows }, (_, i) => i);
  const changed = (
    name: 'logits' | 'classes',
    numbers: Float32Array | null,
    width: number,
    positions: readonly number[],
  ) => numbers && changeRows(numbers, width, changesOf(edits, name, a, lengthsOf(text)), positions);
  changed('logits', logits, a.vocabularySize, Array.isArray(asked) ? asked : asked === 'last' ? [rows - 1] : all);
  changed('classes', classes, a.classifier?.labels.length ?? 0, all);
}
