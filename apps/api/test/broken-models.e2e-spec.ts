import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, truncateSync, appendFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../../scripts/test-support/temporary-folder.js';
import { until } from '../../../scripts/test-support/until.js';
import type { Client } from './support/client.js';
import { Falcon, MODELS_DIR } from './support/falcon.js';
import { startWithClient, stop, type Running } from './support/running.js';

interface ManifestFile {
  bytes: number;
  sha256: string;
}
interface Manifest {
  files: Record<string, ManifestFile>;
  golden: { probabilities: Record<string, number> };
}
type Breakage = (folder: string) => void;

function editJson(path: string, edit: (content: unknown) => void): void {
  const content: unknown = JSON.parse(readFileSync(path, 'utf8'));
  edit(content);
  writeFileSync(path, JSON.stringify(content));
}

const editManifest = (folder: string, edit: (manifest: Manifest) => void): void =>
  editJson(join(folder, 'falcon.json'), (manifest) => edit(manifest as Manifest));

function weightsOf(folder: string): string {
  const { weightsManifest } = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8')) as {
    weightsManifest: { paths: string[] }[];
  };
  return weightsManifest[0]?.paths[0] ?? '';
}

/** Makes falcon.json vouch for a file as it is now, as somebody would who breaks a model on purpose. */
function vouchFor(folder: string, file: string): void {
  const content = readFileSync(join(folder, file));
  editManifest(folder, ({ files }) => {
    files[file] = { bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') };
  });
}

interface Weights {
  weightsManifest: { paths: string[] }[];
}

interface LayersTopology {
  modelTopology: { config: { layers: { class_name: string }[] } };
}

/** Replaces the last operation of the model by one that does not exist. */
function useUnknownOperation(folder: string): void {
  editJson(join(folder, 'model.json'), (model) => {
    const { modelTopology } = model as LayersTopology;
    Object.assign(modelTopology.config.layers.at(-1) ?? {}, { class_name: 'NoSuchOperation' });
  });
  vouchFor(folder, 'model.json');
}

const BREAKAGES: [string, Breakage][] = [
  ['falcon.json is not JSON', (folder) => writeFileSync(join(folder, 'falcon.json'), '{"formatVersion": 1,')],
  [
    'model.json is not JSON',
    (folder) => {
      writeFileSync(join(folder, 'model.json'), 'null and void');
      vouchFor(folder, 'model.json');
    },
  ],
  ['the weights are missing', (folder) => unlinkSync(join(folder, weightsOf(folder)))],
  ['the weights are truncated', (folder) => truncateSync(join(folder, weightsOf(folder)), 1000)],
  ['the weights are padded', (folder) => appendFileSync(join(folder, weightsOf(folder)), 'more')],
  [
    'the weights are other ones of the same size',
    (folder) => {
      const path = join(folder, weightsOf(folder));
      const bytes = readFileSync(path);
      bytes[10] = (bytes[10] ?? 0) ^ 0xff;
      writeFileSync(path, bytes);
    },
  ],
  [
    'the weights are truncated and vouched for',
    (folder) => {
      truncateSync(join(folder, weightsOf(folder)), 1000);
      vouchFor(folder, weightsOf(folder));
    },
  ],
  [
    'falcon.json has a wrong hash',
    (folder) =>
      editManifest(folder, ({ files }) => Object.assign(files['model.json'] ?? {}, { sha256: '0'.repeat(64) })),
  ],
  [
    'a path leaves the folder',
    (folder) => {
      const weights = weightsOf(folder);
      editJson(join(folder, 'model.json'), (model) => {
        const { weightsManifest } = model as Weights;
        weightsManifest[0]?.paths.splice(0, 1, `../1/${weights}`);
      });
      vouchFor(folder, 'model.json');
      editManifest(folder, (manifest) => {
        manifest.files[`../1/${weights}`] = manifest.files[weights] ?? { bytes: 0, sha256: '' };
      });
    },
  ],
  ['an operation is not supported', useUnknownOperation],
  [
    'the golden answer is wrong',
    (folder) =>
      editManifest(folder, ({ golden }) => {
        const [first = '', second = ''] = Object.keys(golden.probabilities);
        golden.probabilities = { ...golden.probabilities, [first]: 0.123, [second]: 0.456 };
      }),
  ],
];

interface ModelState {
  name: string;
  version: string;
  state: string;
  reason?: string;
}

async function modelStates(client: Client): Promise<ModelState[]> {
  return (await client.get('/readyz')).json['models'] as ModelState[];
}

/** The server is ready when one version serves; the others may still be looked at. */
async function whenAllAreLoaded(client: Client): Promise<void> {
  await until(async () => !(await modelStates(client)).some(({ state }) => state === 'loading'));
}

describe('broken model folders', () => {
  const dir = temporaryFolder();
  let running: Running;

  beforeAll(async () => {
    cpSync(join(MODELS_DIR, 'sentiment/1'), join(dir, 'sentiment/1'), { recursive: true });
    BREAKAGES.forEach(([, breakIt], index) => {
      const folder = join(dir, `sentiment/${index + 2}`);
      cpSync(join(MODELS_DIR, 'sentiment/1'), folder, { recursive: true });
      breakIt(folder);
    });
    for (const stray of ['sentiment/10.bak', 'sentiment/latest', 'my model/1'])
      mkdirSync(join(dir, stray), { recursive: true });
    running = await startWithClient({ MODEL_DIR: dir });
    await whenAllAreLoaded(running.client);
  }, 60_000);
  afterAll(() => stop(running));

  describe.each(BREAKAGES.map(([what], index) => [what, String(index + 2)]))('when %s', (_what, version) => {
    it('the version is refused with a sentence, at /readyz and in the log', async () => {
      const model = (await modelStates(running.client)).find((candidate) => candidate.version === version);
      expect((await running.client.get('/readyz')).status).toBe(200);
      expect(model).toMatchObject({ state: 'refused', reason: expect.stringMatching(/\w.* \w+/) as string });
      const logged = running.falcon.logs().filter((line) => JSON.stringify(line).includes(`sentiment/${version}`));
      expect(logged.map(({ level }) => level)).toContain('ERROR');
    });

    it('asking for it is 503', async () => {
      const { status, json } = await running.client.infer({ text: 'a', version });
      expect([status, json['code']]).toEqual([503, 'MODEL_NOT_READY']);
    });
  });

  it.each([
    ['sentiment', '10.bak', 'MODEL_VERSION_NOT_FOUND'],
    ['sentiment', 'latest', 'MODEL_VERSION_NOT_FOUND'],
    ['my model', '1', 'MODEL_NOT_FOUND'],
  ])('the stray folder %s/%s is refused at /readyz, and asking for it is 404', async (model, version, notFound) => {
    const found = (await modelStates(running.client)).find((each) => each.name === model && each.version === version);
    expect(found).toMatchObject({ state: 'refused', reason: expect.stringContaining('is not a ') as string });
    const { status, json } = await running.client.infer({ text: 'a', model, version });
    expect([status, json['code']]).toEqual([404, notFound]);
  });

  it('the version that is not broken serves on', async () => {
    const { status, json } = await running.client.infer({ text: 'a wonderful day' });
    expect([status, json['model_version']]).toEqual([200, '1']);
  });
});

describe('a default model of which no version is fit', () => {
  const dir = temporaryFolder();

  it.each([
    ['vocabulary.tsv', '"vocabulary.tsv" is missing'],
    ['falcon.json', 'version 1 is a model of task "tensor", not "text-classification"'],
  ])('leaves the server up but not ready, and says why: without %s', async (file, reason) => {
    cpSync(join(MODELS_DIR, 'sentiment/1'), join(dir, 'sentiment/1'), { recursive: true });
    unlinkSync(join(dir, 'sentiment/1', file));
    const falcon = Falcon.launch({ MODEL_DIR: dir });
    const line = await falcon.waitForLog('The default model cannot serve');
    expect(line).toMatchObject({ level: 'CRITICAL', model: 'sentiment', reason });
    await falcon.waitForStderr('not ready');
    await falcon.stop();
  });
});
