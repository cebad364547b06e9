import cliProgress from 'cli-progress';
import type { TrainingProgress } from '../train/index.ts';

/** A bar on stderr with steps, loss and time left. */
export function progressBar(): { update: (progress: TrainingProgress) => void; stop: () => void } {
  const bar = new cliProgress.SingleBar({
    format: '{bar} {value}/{total}  loss {loss}  {eta_formatted}',
    hideCursor: true,
    noTTYOutput: true,
    notTTYSchedule: 10_000,
  });
  let started = false;
  return {
    update({ step, steps, loss }) {
      if (!started) bar.start(steps, 0, { loss: '-' });
      started = true;
      bar.update(step, { loss: loss.toFixed(3) });
    },
    stop: () => {
      if (started) bar.stop();
    },
  };
}
