import childProcess from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HeapSpaceInfo } from 'node:v8';
import { temporaryFolder } from '../../../../scripts/test-support/temporary-folder.js';
import { until } from '../../../../scripts/test-support/until.js';
import { linearFiles, WORKER_ENTRY, writeVersion } from '../../test-support/model-fixtures.js';
import { x } from '../../test-support/test-service.js';
import type { FromWorker } from '../worker/protocol.js';
import { ProcessChannel, ThreadChannel } from './worker-channel.js';

const SETTINGS = { backend: 'cpu', maxWeightBytes: 2 ** 30, maxBatchBytes: 2 ** 20, batchSize: 4 } as const;

describe.each([ThreadChannel, ProcessChannel])('%p', (Channel) => {
  const dir = temporaryFolder();

  it('carries a model and a batch there and the answer back, and ends when it is killed', async () => {
    const folder = writeVersion(dir, 'linear/1', await linearFiles());
    const messages: FromWorker[] = [];
    const exit = Promise.withResolvers<string>();
    const answered = Promise.withResolvers<void>();
    const channel = new Channel(WORKER_ENTRY, SETTINGS, {
      message: (message) => {
        messages.push(message);
        if (message.type === 'done') answered.resolve();
      },
      exit: (reason) => exit.resolve(reason),
    });
    channel.send({ type: 'load', key: 'linear/1', folder, manifest: undefined });
    channel.send({ type: 'run', key: 'linear/1', input: { tensors: [x([1, 2, 3]), x([4, 5, 6])] } });
    await answered.promise;
    expect(messages.map(({ type }) => type)).toEqual(['started', 'loaded', 'done']);
    expect(messages[2]).toMatchObject({
      output: {
        computed: { tensors: [{ y: { shape: [1, 3] } }, { y: { data: Float32Array.from([9, 11, 13]) } }] },
      },
    });
    await channel.kill();
    await expect(exit.promise).resolves.toMatch(/^it (exited|was killed)/);
  });
});

describe('ProcessChannel', () => {
  it('says that a process which could not be made is gone, and does not wait for its end', async () => {
    const { fork } = childProcess;
    const failing = (entry: string | URL, args?: readonly string[], options?: childProcess.ForkOptions) =>
      fork(entry, args, { ...options, execPath: join(tmpdir(), 'no-such-node') });
    const spy = jest.spyOn(childProcess, 'fork').mockImplementation(failing);
    const exit = Promise.withResolvers<string>();
    const channel = new ProcessChannel(WORKER_ENTRY, SETTINGS, { message: () => undefined, exit: exit.resolve });
    spy.mockRestore();
    await expect(exit.promise).resolves.toMatch(/^spawn .*no-such-node ENOENT$/);
    await channel.kill();
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'does not end by %s, which is for the process that drains',
    async (signal) => {
      const messages: string[] = [];
      const exit = Promise.withResolvers<string>();
      const channel = new ProcessChannel(WORKER_ENTRY, SETTINGS, {
        message: ({ type }) => messages.push(type),
        exit: exit.resolve,
      });
      await until(() => messages.includes('started'));
      channel['child'].kill(signal);
      channel.send({ type: 'load', key: 'none/1', folder: join(tmpdir(), 'no-such-model'), manifest: undefined });
      await Promise.race([exit.promise, until(() => messages.includes('refused'))]);
      expect(messages).toContain('refused');
      await channel.kill();
      await expect(exit.promise).resolves.toBe('it was killed by SIGKILL');
    },
  );
});

describe('ThreadChannel', () => {
  it('gives a thread room for new objects from the start', async () => {
    const dir = temporaryFolder();
    const entry = join(dir, 'tell-spaces.cjs');
    writeFileSync(
      entry,
      "require('node:worker_threads').parentPort.postMessage(require('node:v8').getHeapSpaceStatistics())",
    );
    const told = Promise.withResolvers<HeapSpaceInfo[]>();
    const channel = new ThreadChannel(entry, SETTINGS, {
      message: (message: unknown) => told.resolve(message as HeapSpaceInfo[]),
      exit: (reason) => told.reject(new Error(reason)),
    });
    const forNewObjects = (await told.promise).find(({ space_name: name }) => name === 'new_space');
    expect(forNewObjects?.space_size).toBeGreaterThanOrEqual(8 * 1024 * 1024);
    await channel.kill();
  });
});
