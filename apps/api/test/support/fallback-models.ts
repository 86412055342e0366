import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MODELS_DIR } from './falcon.js';

/** A new model directory with a sentiment model that declares what to answer when it cannot. */
export function modelsWithFallback(): string {
  const models = mkdtempSync(join(tmpdir(), 'falcon-fallback-'));
  cpSync(join(MODELS_DIR, 'sentiment'), join(models, 'sentiment'), { recursive: true });
  const file = join(models, 'sentiment/1/falcon.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  const probabilities = { negative: 0.2, neutral: 0.7, positive: 0.1 };
  writeFileSync(file, JSON.stringify({ ...manifest, fallback: { probabilities } }));
  return models;
}
