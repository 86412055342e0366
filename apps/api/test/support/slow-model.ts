import { join } from 'node:path';
import { writeSlowModel } from '../../../../libs/inference/test-support/slow-model.js';
import { temporaryFolder } from '../../../../scripts/test-support/temporary-folder.js';
import { MODELS_DIR } from './falcon.js';

/** Matrix products that take milliseconds in plain JavaScript. */
const PRODUCTS = 40;

/** Settings of a server whose model takes milliseconds for a text. */
export function slowModel(): { DEFAULT_MODEL: string; INFERENCE_BACKEND: string; MODEL_DIR: string } {
  const models = temporaryFolder();
  writeSlowModel(models, join(MODELS_DIR, 'sentiment/1'), PRODUCTS);
  return { DEFAULT_MODEL: 'slow', INFERENCE_BACKEND: 'cpu', MODEL_DIR: models };
}
