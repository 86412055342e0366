import { Presets, SingleBar } from 'cli-progress';
import type { TrainingProgress } from './network-trainer.js';

const MS_PER_SECOND = 1000;
const LINE_EVERY_MS = 5000;

/** Progress on standard error: a bar on a terminal, a line every few seconds elsewhere. */
export class ProgressBar {
  private readonly bar = new SingleBar(
    {
      format: 'training [{bar}] {percentage}% | loss {loss} | {rate} texts/s | {eta_formatted} left',
      noTTYOutput: true,
      notTTYSchedule: LINE_EVERY_MS,
      hideCursor: true,
    },
    Presets.shades_classic,
  );
  private startedAt = 0;

  /** Shows an empty bar for `texts` texts. */
  start(texts: number): void {
    this.startedAt = performance.now();
    this.bar.start(texts, 0, { loss: '-', rate: '-' });
  }

  /** Moves the bar. */
  update({ seen, loss }: TrainingProgress): void {
    const seconds = (performance.now() - this.startedAt) / MS_PER_SECOND;
    this.bar.update(seen, { loss: loss.toFixed(4), rate: Math.round(seen / seconds) });
  }

  /** Leaves the bar as it is and gives the terminal back; also when it never started. */
  stop(): void {
    this.bar.stop();
  }
}
