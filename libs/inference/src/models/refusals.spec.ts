import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  embeddingFiles,
  type Files,
  graphFiles,
  linearFiles,
  manifestOf,
  operationFiles,
  writeVersion,
} from '../../test-support/model-fixtures.js';
import { TestService, x } from '../../test-support/test-service.js';

/** The linear model with something changed, under a manifest that is right for the unchanged files. */
function sealed(files: Files, change: Files, rest?: object): Files {
  return { ...files, 'falcon.json': manifestOf(files, rest), ...change };
}

function golden(data: number[]): object {
  const inputs = { x: { shape: [1, 3], data: [1, 2, 3] } };
  return { task: 'tensor', golden: { inputs, outputs: { y: { shape: [1, 3], data } }, tolerance: 1e-5 } };
}

function goldenIds(data: number[]): object {
  return { task: 'tensor', golden: { inputs: { ids: { shape: [1, data.length], data } }, outputs: {}, tolerance: 1 } };
}

describe('a broken model version is refused with a sentence, and others serve on', () => {
  const test = new TestService();
  const reasons = new Map<string, string | undefined>();

  beforeAll(async () => {
    const good = await linearFiles();
    const embedding = await embeddingFiles();
    const weights = good['weights.bin'] as Buffer;
    const json = JSON.parse(good['model.json'] as string) as { weightsManifest: { paths: string[] }[] };
    const escaping = JSON.stringify({ ...json, weightsManifest: [{ ...json.weightsManifest[0], paths: ['../../secret'] }] });
    const versions: Record<string, Files> = {
      'good/1': sealed(good, {}, golden([3, 5, 7])),
      'good/2': sealed(good, {}, golden([3, 5, 8])),
      'bare/1': good,
      'not-json/1': { ...good, 'model.json': '{' },
      'no-topology/1': { ...good, 'model.json': '{}' },
      'no-model/1': { 'weights.bin': weights },
      'truncated/1': { ...good, 'weights.bin': weights.subarray(0, 20) },
      'padded/1': { ...good, 'weights.bin': Buffer.concat([weights, Buffer.alloc(4)]) },
      'missing/1': { 'model.json': good['model.json'] as string },
      'wrong-size/1': sealed(good, { 'weights.bin': weights.subarray(0, 20) }),
      'wrong-hash/1': sealed(good, { 'weights.bin': Buffer.alloc(weights.length) }),
      'unlisted/1': { ...good, 'falcon.json': manifestOf({ 'model.json': good['model.json'] as string }) },
      'escaping/1': { ...good, 'model.json': escaping },
      'bad-manifest/1': { ...good, 'falcon.json': '{"formatVersion":1,"task":"sing","files":{}}' },
      'manifest-not-json/1': { ...good, 'falcon.json': 'formatVersion: 1' },
      'unknown-op/1': operationFiles('FalconOp'),
      'no-kernel/1': operationFiles('Erf2'),
      'wrong-signature/1': sealed(good, {}, {
        task: 'tensor',
        signature: {
          inputs: [{ name: 'x', dtype: 'float32', shape: [null, 4] }],
          outputs: [{ name: 'y', dtype: 'float32', shape: [null, 3] }],
        },
      }),
      'string-input/1': graphFiles([{ name: 'x', op: 'Placeholder', attr: { dtype: { type: 'DT_STRING' } } }], {}),
      'throwing/1': { ...embedding, 'falcon.json': manifestOf(embedding, goldenIds([10])) },
      'version/v1': good,
      'bad name/1': good,
    };
    for (const [key, files] of Object.entries(versions)) writeVersion(test.dir, key, files);
    writeFileSync(join(test.dir, 'secret'), 'x');
    const linked = writeVersion(test.dir, 'linked/1', { 'model.json': good['model.json'] as string });
    symlinkSync('/etc/hostname', join(linked, 'weights.bin'));
    mkdirSync(join(writeVersion(test.dir, 'folder/1', { 'model.json': good['model.json'] as string }), 'weights.bin'));
    const service = await test.start({ defaultModel: 'good' });
    for (const { name, version, reason } of service.models()) reasons.set(`${name}/${version}`, reason);
  });

  afterAll(() => test.stop());

  it.each([
    ['good/2', 'the golden example must give y[2] = 8, the model gives 7'],
    ['not-json/1', '"model.json" is not JSON'],
    ['no-topology/1', '"model.json" has no "modelTopology": it is not a TensorFlow.js model'],
    ['no-model/1', '"model.json" is missing'],
    ['truncated/1', 'the weight files have 20 bytes, the weights of "model.json" need 48'],
    ['padded/1', 'the weight files have 52 bytes, the weights of "model.json" need 48'],
    ['missing/1', '"weights.bin" is missing'],
    ['folder/1', '"weights.bin" cannot be read: EISDIR'],
    ['wrong-size/1', '"weights.bin" has 20 bytes, falcon.json says 48'],
    ['wrong-hash/1', '"weights.bin" has sha256'],
    ['unlisted/1', '"weights.bin" is not listed in "files" of falcon.json'],
    ['escaping/1', `"../../secret" escapes the model's folder`],
    ['linked/1', `"weights.bin" leads out of the model's folder`],
    ['bad-manifest/1', 'falcon.json is wrong: task:'],
    ['manifest-not-json/1', 'falcon.json is not JSON'],
    ['unknown-op/1', 'FalconOp'],
    ['wrong-signature/1', 'falcon.json declares the signature'],
    ['string-input/1', 'only float32, int32 and bool tensors can be served'],
    ['throwing/1', 'GatherV2: the index value 10 is not in [0, 9]'],
    ['version/v1', 'a version is a whole number from 1'],
    ['bad name/1', '"bad name" is not a model name'],
  ])('%s: %s', (key, sentence) => {
    expect(reasons.get(key)).toContain(sentence);
    expect(test.log.lines.some((line) => line.startsWith('ERROR Model version refused') && line.includes(key))).toBe(true);
  });

  it('costs no worker', () => {
    expect(test.log.lines.filter((line) => line.includes('Inference worker lost'))).toEqual([]);
  });

  it('serves the highest version that is not refused', async () => {
    expect(reasons.get('good/1')).toBeUndefined();
    expect(test.service.isReady()).toBe(true);
    await expect(test.service.predict(x([1, 2, 3]))).resolves.toHaveProperty('y');
    await expect(test.service.predict(x([1, 2, 3]), { version: '2' })).rejects.toMatchObject({ code: 'MODEL_NOT_READY' });
  });

  it('serves a bare TensorFlow.js model without falcon.json', async () => {
    await expect(test.service.predict(x([1, 2, 3]), { model: 'bare' })).resolves.toHaveProperty('y');
  });

  it('says which directory it cannot read', async () => {
    const lost = new TestService();
    await expect(lost.start({ modelDir: '/nowhere' })).rejects.toThrow('the model directory "/nowhere" cannot be read: ENOENT');
    await lost.stop();
  });

  it('says how to get the native backend where it is absent', async () => {
    const native = new TestService();
    const started = native.start({ backend: 'tensorflow' });
    await expect(started).rejects.toThrow('INFERENCE_BACKEND=tensorflow needs the package @tensorflow/tfjs-node');
    await native.stop();
  });
});
