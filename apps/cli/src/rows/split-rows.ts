import { Random } from '../train/random.js';
import type { LabelledRow } from './labelled-rows.js';

/** Rows of one file, cut into three that share none. */
export interface RowSplit {
  train: LabelledRow[];
  dev: LabelledRow[];
  test: LabelledRow[];
}

/** Draws dev and test rows from the training rows: the same ones for the same seed. */
export function splitRows(rows: readonly LabelledRow[], shares: { dev: number; test: number }, seed: number): RowSplit {
  const shuffled = new Random(seed).shuffle([...rows]);
  const dev = Math.round(rows.length * shares.dev);
  const test = Math.round(rows.length * shares.test);
  return {
    dev: shuffled.slice(0, dev),
    test: shuffled.slice(dev, dev + test),
    train: shuffled.slice(dev + test),
  };
}
