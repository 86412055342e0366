import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClusterFolder } from './cluster-folder.js';
import { EmbeddedPostgresError, OR_SET_URL } from './embedded-postgres.errors.js';
import type { ServerBinaries } from './server-binaries.js';

/** Name of the database user and of the database. */
export const EMBEDDED_NAME = 'falcon';

/** Everything the server's programs need to know of their surroundings. */
export const SERVER_ENVIRONMENT = { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' };

const NO_ACCOUNT = /effective user ID (\d+): user does not exist/;
const NO_SPACE = /No space left on device|Disk quota exceeded/;

/** Makes the cluster if there is none; a set-up that was broken off is begun anew. */
export async function ensureCluster(folder: ClusterFolder, native: string, { major }: ServerBinaries): Promise<void> {
  if (existsSync(folder.data)) return checkVersion(folder.data, major);
  const unfinished = `${folder.data}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  const failure = await initialise(join(native, 'bin', 'initdb'), unfinished, folder);
  if (failure !== undefined) {
    await rm(unfinished, { recursive: true, force: true });
    throw new EmbeddedPostgresError(failureSentence(folder, failure));
  }
  await rename(unfinished, folder.data);
}

function checkVersion(data: string, major: string): void {
  const file = join(data, 'PG_VERSION');
  const found = existsSync(file) ? readFileSync(file, 'utf8').trim() : 'none';
  if (found === major) return;
  throw new EmbeddedPostgresError(
    found === 'none'
      ? `"${data}" is not a Postgres cluster: move it away, ${OR_SET_URL}`
      : `"${data}" is a cluster of Postgres ${found}, and this Falcon brings Postgres ${major}: ` +
          `run the Falcon that made it and take its rows with "falcon audit export", then move the folder away, ${OR_SET_URL}`,
  );
}

/** Resolves to what went wrong, undefined when all is well. */
function initialise(initdb: string, data: string, { user }: ClusterFolder): Promise<string | undefined> {
  const args = ['-D', data, '-U', EMBEDDED_NAME, '-E', 'UTF8', '--no-locale', '--no-instructions'];
  const access = ['--auth-local=trust', '--auth-host=reject']; // whoever may enter the socket's folder, nobody else
  return new Promise((resolve) => {
    const child = spawn(initdb, [...args, ...access], {
      ...user,
      cwd: '/',
      env: SERVER_ENVIRONMENT,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (data: Buffer) => (stderr += data));
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) =>
      resolve(code === 0 ? undefined : stderr.trim() || `ended with ${code ?? signal}`),
    );
  });
}

/** A sentence for what a program of Postgres said when it failed. */
export function failureSentence({ path }: ClusterFolder, said: string): string {
  if (NO_SPACE.test(said)) {
    return `The disk of "${path}" is full, so the embedded Postgres cannot run: free some space, ${OR_SET_URL}`;
  }
  const uid = said.match(NO_ACCOUNT)?.[1];
  if (uid !== undefined) {
    return `Falcon runs as user ${uid}, who has no account on this machine, and Postgres needs one: add it to /etc/passwd, ${OR_SET_URL}`;
  }
  const reason = said.match(/(?:FATAL|PANIC|error): +(.*)/)?.[1] ?? said.split('\n').at(-1);
  return `The embedded Postgres in "${path}" cannot run (${reason}): its log is "postgres.log" there; put right what it says, ${OR_SET_URL}`;
}
