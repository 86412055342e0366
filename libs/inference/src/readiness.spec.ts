import { manifestOf, writeVersion } from '../test-support/model-fixtures.js';
import { FATEFUL_WORKER_ENTRY, TestService } from '../test-support/test-service.js';
import type { InferenceOptions } from './inference.options.js';

/** Why a service with these versions of the default model, each by its fate, is not ready when all have been tried. */
async function whyNotReady(fates: Record<string, string>, options: Partial<InferenceOptions> = {}): Promise<unknown> {
  const test = new TestService();
  for (const [version, fate] of Object.entries(fates)) {
    writeVersion(test.dir, `linear/${version}`, { fate, 'falcon.json': manifestOf({}) });
  }
  const service = await test.start({ workerEntry: FATEFUL_WORKER_ENTRY, ...options });
  const why = service.whyNotReady();
  expect(service.isReady()).toBe(why === undefined);
  await test.stop();
  return why;
}

describe('readiness', () => {
  it('is what one version that loads gives', async () => {
    expect(await whyNotReady({ 1: 'refuses', 2: 'loads', '2.bak': 'loads' })).toBeUndefined();
  });

  it('tells why the newest version was refused, whatever lies beside it', async () => {
    expect(await whyNotReady({ 1: 'dies', 2: 'refuses', '2.bak': 'loads' })).toBe('its fate');
  });

  it('tells that there is nothing but what is no version', async () => {
    expect(await whyNotReady({ '1.bak': 'loads' })).toContain('"1.bak" is not a version');
  });

  it('tells that there is no model', async () => {
    expect(await whyNotReady({ 1: 'loads' }, { defaultModel: 'nobody' })).toBe('there is no model "nobody"');
  });

  it('is not given by a model of another task than the one that is asked for', async () => {
    expect(await whyNotReady({ 1: 'loads' }, { defaultTask: 'text-classification' })).toBe(
      'version 1 is a model of task "tensor", not "text-classification"',
    );
  });

  it('waits for the newest version of the default model before anything else is loaded', async () => {
    const test = new TestService();
    for (const key of ['a/1', 'linear/2', 'linear/10', 'z/9', 'z/10']) writeVersion(test.dir, key, { fate: 'loads' });
    await test.start({ workerEntry: FATEFUL_WORKER_ENTRY });
    await test.stop();
    const loaded = test.log.lines.flatMap((line) => /Model ready .*"model":"([^"]+)"/.exec(line)?.[1] ?? []);
    expect(loaded).toEqual(['linear/10', 'linear/2', 'a/1', 'z/10', 'z/9']);
  });

  it('ends with the service', async () => {
    const test = new TestService();
    writeVersion(test.dir, 'linear/1', { fate: 'loads' });
    const service = await test.start({ workerEntry: FATEFUL_WORKER_ENTRY });
    await test.stop();
    expect(service.whyNotReady()).toBe('the service stops');
  });
});
