import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { serviceVariables } from '@app/ops';
import { loadConfig as loadApiConfig } from '../apps/api/src/config.js';
import { environmentSchema as apiSchema } from '../apps/api/src/environment.js';
import { environmentSchema as workerSchema, loadConfig as loadWorkerConfig } from '../apps/audit-worker/src/config.js';
import { temporaryFolder } from '../scripts/test-support/temporary-folder.js';
import { workloadOf, type Manifest, type Workload } from './test-support/manifests.js';
import { build, describeWithKustomize, OVERLAYS } from './test-support/overlays.js';
import { environmentOf, POD_NAME, quantity, secretFilesOf } from './test-support/settings.js';

describeWithKustomize('settings of the pods', () => {
  let folder: string;

  beforeEach(() => (folder = temporaryFolder()));

  /** The variables of a pod, with its secrets in a folder instead of where they are mounted. */
  function podEnvironment(workload: Workload, manifests: readonly Manifest[]): Record<string, string> {
    const files = secretFilesOf(workload, manifests);
    for (const [path, value] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), value);
    }
    const environment = environmentOf(workload, manifests);
    return Object.fromEntries(
      Object.entries(environment).map(([name, value]) => [
        name,
        value.startsWith('/run/') ? join(folder, value) : value,
      ]),
    );
  }

  describe.each(OVERLAYS)('%s', (overlay) => {
    const manifests = () => build(overlay);
    const api = () => workloadOf(manifests(), 'falcon-api');
    const worker = () => workloadOf(manifests(), 'falcon-audit-worker');
    const migration = () => workloadOf(manifests(), 'falcon-migrate');
    const apiConfig = () => loadApiConfig(podEnvironment(api(), manifests()));

    it('has no variable that its process does not know', () => {
      const unknown = (workload: Workload, known: object) =>
        Object.keys(environmentOf(workload, manifests())).filter((name) => !(name in known));

      expect(unknown(api(), apiSchema.shape)).toEqual([]);
      expect(unknown(worker(), workerSchema.shape)).toEqual([]);
      expect(unknown(migration(), serviceVariables)).toEqual([]);
    });

    it('makes a server that listens for others, is called as its pod and has services and worker elsewhere', () => {
      expect(apiConfig()).toMatchObject({
        host: '0.0.0.0',
        port: api().pod.containers[0]!.ports![0]!.containerPort,
        workerId: POD_NAME,
        mode: 'production',
        auditWorker: undefined,
      });
    });

    it('gives a stopping server time for its longest request after its endpoint is gone, and then for its records', () => {
      const { drainDelayMs, requestTimeoutMs, shutdownTimeoutMs } = apiConfig();

      expect(drainDelayMs).toBeGreaterThanOrEqual(10_000);
      expect(drainDelayMs + requestTimeoutMs).toBeLessThan(shutdownTimeoutMs);
      expect(shutdownTimeoutMs).toBeLessThan(api().pod.terminationGracePeriodSeconds! * 1000);
    });

    it('has threads for which there is CPU, whatever the node has', () => {
      const { inference } = apiConfig();

      expect(environmentOf(api(), manifests())).toHaveProperty('INFERENCE_WORKERS');
      expect(inference.workers + 1).toBeLessThanOrEqual(quantity(api().pod.containers[0]!.resources!.limits!['cpu']));
    });

    it('has a spool that is full long before its volume is', () => {
      const { volumes = [] } = api().pod;
      const claims = (api().spec.volumeClaimTemplates ?? []) as unknown as {
        spec: { resources: { requests: { storage: string } } };
      }[];
      const volume =
        claims[0]?.spec.resources.requests.storage ?? volumes.find(({ name }) => name === 'data')?.emptyDir?.sizeLimit;

      expect(4 * apiConfig().auditLog.spoolMaxBytes).toBeLessThanOrEqual(quantity(volume));
    });

    it('syncs records where their volume outlives the node', () => {
      expect(apiConfig().auditLog.durability).toBe(overlay.includes('durable-spool') ? 'disk' : 'process');
    });

    it('keeps a replica in its Service that has too much to do', () => {
      expect(apiConfig().readySaturationSeconds).toBe(0);
    });

    it('makes a worker that leaves the tables to the Job and has connections for its jobs', () => {
      const config = loadWorkerConfig(podEnvironment(worker(), manifests()));

      expect(config.worker.migrate).toBe(false);
      expect(config.services.postgresPoolSize).toBeGreaterThan(config.worker.concurrency);
      expect(config.services).toMatchObject({ redisQueueUrl: expect.any(String), postgresUrl: expect.any(String) });
      expect(config.shutdownTimeoutMs).toBeLessThan(worker().pod.terminationGracePeriodSeconds! * 1000);
    });

    it('shows each process the secrets that it needs, in files', () => {
      const namesOf = (workload: Workload) => Object.keys(secretFilesOf(workload, manifests())).toSorted();
      const services = '/run/secrets/services';
      const keys = overlay === 'dev' ? [] : ['/run/secrets/keys/keys.json'];

      expect(namesOf(api())).toEqual([
        ...keys,
        ...['postgres-url', 'redis-queue-url', 'redis-url'].map((name) => `${services}/${name}`),
      ]);
      expect(namesOf(worker())).toEqual([`${services}/postgres-url`, `${services}/redis-queue-url`]);
      expect(namesOf(migration())).toEqual([`${services}/postgres-url`]);
    });

    it('keeps a migration that has failed for longer than KubeJobFailed waits, which is 15 minutes', () => {
      const { ttlSecondsAfterFinished } = migration().spec;

      expect(ttlSecondsAfterFinished).toBeGreaterThan(2 * 15 * 60);
    });

    it('replaces replicas without having fewer of them meanwhile, and one at a time where it cannot', () => {
      const { strategy } = api().spec;
      const isNumbered = api().manifest.kind === 'StatefulSet';

      expect(strategy?.rollingUpdate).toEqual(isNumbered ? undefined : { maxUnavailable: 0, maxSurge: 1 });
    });
  });

  it.each(['production', 'production-operators'])('%s asks for keys and believes a proxy', (overlay) => {
    const manifests = build(overlay);

    expect(loadApiConfig(podEnvironment(workloadOf(manifests, 'falcon-api'), manifests)).access).toMatchObject({
      mode: 'api-key',
      keys: { file: join(folder, '/run/secrets/keys/keys.json') },
      trustedProxies: [expect.stringMatching(/^10\./)],
      opensAdminToLoopback: false,
    });
  });
});
