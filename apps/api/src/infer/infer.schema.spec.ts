import { MAX_MODEL_NAME_CHARACTERS } from '@app/inference';
import { inferRequestSchema } from './infer.schema.js';

describe('inferRequestSchema', () => {
  it.each([
    [MAX_MODEL_NAME_CHARACTERS, true],
    [MAX_MODEL_NAME_CHARACTERS + 1, false],
  ])('takes the name of a model with %i characters when such a model can be loaded', (characters, isTaken) => {
    const { success } = inferRequestSchema.safeParse({ text: 'a', model: 'm'.repeat(characters) });
    expect(success).toBe(isTaken);
  });
});
