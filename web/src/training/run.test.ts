import { expect, it } from 'vitest';
import { prepare } from '../train/lesson.ts';
import { defaults, type Settings } from '../train/settings.ts';
import { type Checkpoint, Run } from './run.ts';

const small = { width: 8, heads: 2, layers: 1, steps: 12, batch: 4, objective: 'contrastive' } as const;

it.each(['sorting', 'small'] as const)(
  'a training of "%s" that was stopped goes on to the same bytes as one that was not, to the losses as well',
  async (task) => {
    const settings: Settings = { ...defaults[task], ...small };
    const lesson = await prepare(settings, '', async () => null);
    const whole = new Run(lesson.task);
    expect(whole.resumable).toBe(true);
    expect(await whole.start(async () => {})).toBe(true);
    expect(whole.resumable).toBe(false);

    const begun = new Run(lesson.task);
    const half = Math.floor(whole.checkpoints.length / 2);
    const stopAt = async ({ step }: Checkpoint): Promise<void> => {
      if (step === whole.checkpoints[half]!.step) begun.stop();
    };
    expect(await begun.start(stopAt)).toBe(false);
    expect(begun.checkpoints).toHaveLength(half + 1);
    expect(begun.resumable).toBe(true);

    // As the browser keeps it: copies, in another worker.
    const { checkpoints, state } = structuredClone({ checkpoints: begun.checkpoints, state: begun.state });
    const again = new Run(lesson.task, { checkpoints, state });
    const seen: number[] = [];
    expect(await again.start(async ({ step }) => void seen.push(step))).toBe(true);
    expect(seen).toEqual(whole.checkpoints.slice(half + 1).map(({ step }) => step));
    expect(again.checkpoints).toEqual(whole.checkpoints);
    // Without what the optimizer knows it would come to other numbers, so it does not begin.
    expect(new Run(lesson.task, { checkpoints, state: null }).resumable).toBe(false);
  },
);
