import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../../../scripts/test-support/temporary-folder.js';
import { MODELS_DIR } from './falcon.js';

const FIXED = { probabilities: { negative: 0.2, neutral: 0.7, positive: 0.1 } };

/** A new model directory whose sentiment model declares what answers when it cannot: `neutral`, unless said otherwise. */
export function modelsWithFallback(fallback: object = FIXED): string {
  const models = temporaryFolder();
  cpSync(MODELS_DIR, models, { recursive: true });
  const file = join(models, 'sentiment/1/falcon.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  writeFileSync(file, JSON.stringify({ ...manifest, fallback }));
  return models;
}
