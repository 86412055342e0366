import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listModelFolders } from '../../../../libs/inference/src/models/model-folders.js';
import { inferRequestSchema } from './infer.schema.js';

describe('inferRequestSchema', () => {
  it.each([
    [128, true],
    [129, false],
  ])('takes the name of a model with %i characters when such a model is loaded', (characters, isTaken) => {
    const models = mkdtempSync(join(tmpdir(), 'falcon-names-'));
    const model = 'm'.repeat(characters);
    mkdirSync(join(models, model, '1'), { recursive: true });
    const [folder] = listModelFolders(models);
    rmSync(models, { recursive: true });
    expect([folder?.refusal === undefined, inferRequestSchema.safeParse({ text: 'a', model }).success]).toEqual([
      isTaken,
      isTaken,
    ]);
  });
});
