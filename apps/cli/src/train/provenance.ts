import type { Figures } from '../evaluate/metrics.js';
import type { Recipe } from './recipe.js';

/** Where a model comes from and how good it is, as falcon.json and card.md tell it. */
export interface Provenance {
  /** The command that makes the same bytes again. */
  command: string;
  recipe: Recipe;
  /** The files and their hashes, by role: train, dev, test. */
  data: Record<string, { name: string; sha256: string; rows: number }>;
  /** Figures of the quantised model, by role. */
  figures: Record<string, Figures>;
  goldenText: string;
}
