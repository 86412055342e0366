import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { openClusterFolder } from '../src/database/embedded/cluster-folder.js';
import { ensureCluster } from '../src/database/embedded/cluster.js';
import { findBinaries, prepareBinaries } from '../src/database/embedded/server-binaries.js';
import { makeDataDir } from './data-dir.js';

/** In the project's folder, from which tests and bench are run. */
const KEPT = resolve('.cache/test-clusters');
const MAKER = resolve('libs/audit-log/src/database/embedded/cluster.ts');

/** Puts a cluster that was never started into a data folder: a copy, because making one takes a busy machine seconds. */
export async function plantCluster(dataDir: string): Promise<void> {
  const { data } = openClusterFolder(dataDir);
  execFileSync('cp', ['-a', await keptCluster(), data]); // with its owner, who is not the one who runs the tests when that is root
}

/** One for each version of Postgres and of the code that makes it, made by whoever needs it first. */
async function keptCluster(): Promise<string> {
  const binaries = findBinaries();
  const maker = createHash('sha256').update(readFileSync(MAKER)).digest('hex').slice(0, 8);
  const kept = resolve(KEPT, `${binaries.version}-${maker}`);
  if (existsSync(kept)) return kept;
  const dataDir = makeDataDir();
  const folder = openClusterFolder(dataDir);
  await ensureCluster(folder, await prepareBinaries(binaries, folder), binaries);
  mkdirSync(KEPT, { recursive: true });
  const own = `${kept}.${process.pid}`;
  execFileSync('cp', ['-a', folder.data, own]);
  rmSync(dataDir, { recursive: true });
  try {
    renameSync(own, kept);
  } catch (error) {
    if (!existsSync(kept)) throw error;
    rmSync(own, { recursive: true }); // somebody else was first
  }
  return kept;
}
