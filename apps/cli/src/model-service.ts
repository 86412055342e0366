import { InferenceService, type ModelStatus } from '@app/inference';
import type { LogWriter } from '@app/resilience';
import { loadBackend, type CliConfig } from './config.js';

/** Refusals are part of what commands print; nothing else is worth a line. */
const QUIET: LogWriter = { info: () => undefined, warning: () => undefined, error: () => undefined };

/** Texts of a command in flight: enough to fill batches on every worker, few enough for constant memory. */
export const MAX_IN_FLIGHT = 1024;

/** Items that wait in the service at most; commands hold themselves below it. */
const MAX_QUEUED = 4096;

/** A model that a command names, as `name` or `name/version`. */
export interface NamedModel {
  model: string;
  version?: string;
}

/** Reads `name` or `name/version`. */
export function parseModelName(text: string): NamedModel {
  const [model = '', version] = text.split('/', 2);
  return version === undefined ? { model } : { model, version };
}

/** Loads models as the server does, on the same backend, runs `use`, and stops the workers, whatever happens. */
export async function withService<T>(
  config: CliConfig,
  only: string | undefined,
  use: (service: InferenceService) => Promise<T>,
): Promise<T> {
  const service = new InferenceService(
    {
      workerId: 'cli',
      modelDir: config.modelDir,
      defaultModel: only ?? config.defaultModel,
      backend: loadBackend(),
      workers: config.workers,
      batchSize: 64,
      batchTimeoutMs: 0,
      maxQueued: MAX_QUEUED,
      inferenceTimeoutMs: 60_000,
      loadTimeoutMs: 3_600_000, // as long as STARTUP_TIMEOUT_SECONDS can allow a server
      ...(only !== undefined && { only }),
    },
    QUIET,
  );
  try {
    await service.whenLoaded();
    return await use(service);
  } finally {
    await service.stop();
  }
}

/** The version that answers for a named model. @throws {Error} a sentence, when it is absent or refused. */
export function requireModel(service: InferenceService, { model, version }: NamedModel): ModelStatus {
  const versions = service.models().filter(({ name }) => name === model);
  if (versions.length === 0) throw new Error(`there is no model "${model}"`);
  const found = versions.find((status) => (version === undefined ? status.serving : status.version === version));
  if (!found) {
    const reasons = versions.map(
      ({ version: v, reason }) => `version ${v}${reason === undefined ? '' : `: ${reason}`}`,
    );
    throw new Error(
      `model "${model}" has no ${version === undefined ? 'usable version' : `version "${version}"`} (${reasons.join('; ')})`,
    );
  }
  if (found.state === 'refused') throw new Error(`model "${model}/${found.version}" is refused: ${found.reason}`);
  return found;
}
