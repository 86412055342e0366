import { topTwoFiles } from '../../test-support/graph-models.js';
import { type Files, linearFiles, manifestOf, writeVersion } from '../../test-support/model-fixtures.js';
import { TestService, x } from '../../test-support/test-service.js';

/** Tensors that are alive in the only worker of a service, once it has answered with the first of these models. */
async function liveTensors(models: Record<string, Files>): Promise<unknown> {
  const test = new TestService();
  for (const [name, files] of Object.entries(models)) writeVersion(test.dir, `${name}/1`, files);
  const service = await test.start();
  await service.predict(x([1, 2, 3]));
  const refused = service.models().filter(({ state }) => state === 'refused');
  const { workers } = service.stats();
  await test.stop();
  return { refused: refused.map(({ name }) => name), alive: workers.map(({ liveTensors: count }) => count) };
}

/** Files of a model with something in model.json replaced. */
function edited(files: Files, from: string, to: string): Files {
  const json = files['model.json'] as string;
  if (!json.includes(from)) throw new Error(`there is no ${from} in ${json}`);
  return { ...files, 'model.json': json.replace(from, to) };
}

it('a refused model leaves nothing in the workers', async () => {
  const linear = await linearFiles();
  const golden = { inputs: { x: { shape: [1, 3], data: [1, 2, 3] } }, outputs: { y: { shape: [1, 3], data: [0, 0, 0] } }, tolerance: 1 };
  const alone = (await liveTensors({ linear })) as { alive: number[] };
  const withRefused = await liveTensors({
    linear,
    'another-shape': edited(linear, '"shape":[3,3]', '"shape":[9]'),
    'string-output': edited(topTwoFiles(), 'DT_INT32","tensorShape', 'DT_STRING","tensorShape'),
    'wrong-golden': { ...linear, 'falcon.json': manifestOf(linear, { task: 'tensor', golden }) },
  });
  expect(withRefused).toEqual({ refused: ['another-shape', 'string-output', 'wrong-golden'], alive: alone.alive });
});
