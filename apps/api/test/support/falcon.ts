import { resolve } from 'node:path';
import { type LogLine, Program, PROJECT_DIR } from '../../../../scripts/test-support/program.js';
import { until } from '../../../../scripts/test-support/until.js';

/** The models that ship. */
export const MODELS_DIR = resolve(PROJECT_DIR, 'models');

/** A server of its own process, as `node dist/apps/api/src/main.js` starts it. */
export class Falcon extends Program {
  /** Starts a process and does not wait for anything. */
  static launch(env: NodeJS.ProcessEnv = {}, stdout: 'pipe' | number = 'pipe'): Falcon {
    const settings = {
      PORT: '0',
      MODEL_DIR: MODELS_DIR,
      INFERENCE_WORKERS: '1',
      AUDIT_DURABILITY: 'off',
      RATE_LIMIT_ENABLED: 'false',
      LOAD_SHEDDING: 'off',
      CACHE_ENABLED: 'false',
      DRAIN_DELAY_SECONDS: '0',
    };
    return new Falcon('apps/api/src/main.js', { ...settings, ...env }, stdout);
  }

  /** Starts a server and waits until it says that it is ready. */
  static async start(env: NodeJS.ProcessEnv = {}): Promise<Falcon> {
    const falcon = Falcon.launch(env);
    await falcon.waitForLog('Falcon is ready');
    return falcon;
  }

  /** Waits for the log line that belongs to a request. */
  waitForLineOf(requestId: unknown): Promise<LogLine> {
    return this.waitForLine(`line of request ${String(requestId)}`, (line) => line['request_id'] === requestId);
  }

  /** Waits for words on stderr, which may come after the log line that belongs to them. */
  async waitForStderr(words: string): Promise<void> {
    const complaint = () => `no "${words}" on stderr:\n${this.stderr}`;
    await until(() => this.stderr.includes(words), { complaint });
  }

  /** Where it listens. */
  get port(): number {
    const ready = this.logs().find((line) => line.message === 'Falcon is ready');
    return Number(new URL(String(ready?.['url'])).port);
  }
}
