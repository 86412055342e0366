import { spawnSync } from 'node:child_process';
import { PROJECT_DIR } from '../../../../scripts/test-support/program.js';
import { run, type Said } from '../../../../scripts/test-support/run.js';
import { describeWhere } from '../../../../scripts/test-support/tools.js';
import { until } from '../../../../scripts/test-support/until.js';

const ENGINE_TIMEOUT_MS = 10_000;
const PULL_TIMEOUT_MS = 180_000;

/** `describe` where there is a Docker engine that has these images, or can fetch them; elsewhere the tests are skipped, and that is said. */
export function describeWithDocker(images: readonly string[], name: string, tests: () => void): void {
  const missing = isDone(['version', '--format', '{{.Server.Version}}'], ENGINE_TIMEOUT_MS)
    ? images.find((image) => !isAtHand(image))
    : 'Docker engine (DOCKER_HOST names one)';
  describeWhere(missing === undefined, `there is no ${missing}`, name, tests);
}

/** Whether the engine has the image, or can fetch it. */
export function isAtHand(image: string): boolean {
  return isDone(['image', 'inspect', image], ENGINE_TIMEOUT_MS) || isDone(['pull', '--quiet', image], PULL_TIMEOUT_MS);
}

function isDone(args: readonly string[], timeout: number): boolean {
  return spawnSync('docker', args, { timeout, stdio: 'ignore' }).status === 0;
}

/** Runs `docker` in the checkout; how it ends is the caller's business. */
export function tryDocker(args: readonly string[], input?: string): Promise<Said> {
  return run(['docker', ...args], { cwd: PROJECT_DIR, ...(input !== undefined && { input }) });
}

/** Runs `docker` in the checkout and gives what it printed; throws with what it said when it does not end well. */
export async function docker(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await tryDocker(args);
  if (code !== 0) {
    throw new Error(`docker ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
  }
  return stdout.trim();
}

/** Builds the checkout's image. */
export async function buildImage(tag: string, version: string): Promise<void> {
  await docker('build', '--quiet', '--tag', tag, '--build-arg', `VERSION=${version}`, '.');
}

/** Waits until something is as wanted; fails with what was found instead. */
export async function waitUntil(
  find: () => Promise<string>,
  isWanted: (found: string) => boolean,
  timeoutMs = 60_000,
): Promise<string> {
  let found = '';
  const isSo = async () => {
    found = await find();
    return isWanted(found);
  };
  await until(isSo, { timeoutMs, pollMs: 200, complaint: () => `After ${timeoutMs} ms it is still:\n${found}` });
  return found;
}

/** Waits until the engine finds a container healthy. */
export async function waitUntilHealthy(container: string): Promise<void> {
  const state = '{{.State.Status}} {{.State.Health.Status}}';
  await waitUntil(
    async () => {
      const { stdout, stderr } = await tryDocker(['logs', '--tail', '20', container]);
      return `${await docker('inspect', '--format', state, container)}\n${stdout}${stderr}`;
    },
    (found) => found.startsWith('running healthy\n'),
  );
}

/** The port of the host at which a container's port 8000 is published. */
export async function publishedPort(container: string): Promise<number> {
  return Number((await docker('port', container, '8000')).split(':').at(-1));
}
