import { createHash } from 'node:crypto';
import { chownSync, existsSync, lstatSync, mkdirSync, realpathSync, statSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { EmbeddedPostgresError, OR_SET_URL } from './embedded-postgres.errors.js';
import { canReach, serverUserFor, type ServerUser } from './server-user.js';

/** Longest folder of a socket, in bytes: macOS allows 103 for the whole path, and its name takes 14. */
const MAX_SOCKET_FOLDER_BYTES = 89;

/** Where the cluster lives when the server's user cannot reach the data folder. */
const DEFAULT_ELSEWHERE = '/var/lib/falcon';

/** The folder of one embedded Postgres and what is in it. */
export interface ClusterFolder {
  path: string;
  /** Postgres's own data folder. */
  data: string;
  /** Postgres's log. */
  log: string;
  /** Folder of its Unix socket. */
  socket: string;
  /** Lock held by who starts or stops the server. */
  startLock: string;
  /** Lock shared by all processes that use the server. */
  usersLock: string;
  /** Who the server runs as; undefined: as Falcon does. */
  user: ServerUser | undefined;
}

/** Finds or makes `<dataDir>/postgres`, a link to a folder elsewhere where the server could not reach that one. */
export function openClusterFolder(dataDir: string, elsewhere = DEFAULT_ELSEWHERE): ClusterFolder {
  try {
    mkdirSync(dataDir, { recursive: true });
    const wanted = join(realpathSync(dataDir), 'postgres');
    const path = existing(wanted) ?? makeFolder(wanted, elsewhere);
    return openFolder(path);
  } catch (error) {
    if (error instanceof EmbeddedPostgresError) throw error;
    throw new EmbeddedPostgresError(
      `The data folder "${dataDir}" cannot be used: ${(error as Error).message}. Make it writable, ${OR_SET_URL}`,
      { cause: error },
    );
  }
}

function existing(wanted: string): string | undefined {
  if (existsSync(wanted)) return realpathSync(wanted);
  if (!lstatSync(wanted, { throwIfNoEntry: false })) return undefined;
  throw new EmbeddedPostgresError(
    `"${wanted}" links to a folder that is gone: bring the folder back, or delete the link to begin with an empty table`,
  );
}

function makeFolder(wanted: string, elsewhere: string): string {
  const user = serverUserFor(join(wanted, 'data'));
  if (canReach(user, resolve(wanted, '..'))) {
    makeOwn(wanted, user);
    return wanted;
  }
  const path = join(elsewhere, createHash('sha256').update(wanted).digest('hex').slice(0, 16));
  mkdirSync(elsewhere, { recursive: true, mode: 0o755 });
  makeOwn(path, user);
  linkOnce(path, wanted);
  return path;
}

function makeOwn(path: string, user: ServerUser | undefined): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  if (user) chownSync(path, user.uid, user.gid);
}

function linkOnce(target: string, link: string): void {
  try {
    symlinkSync(target, link);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // a neighbour was first, with the same target
  }
}

function openFolder(path: string): ClusterFolder {
  const data = join(path, 'data');
  const user = serverUserFor(data);
  const ownUid = user?.uid ?? process.getuid?.();
  const owner = statSync(data, { throwIfNoEntry: false })?.uid;
  if (owner !== undefined && owner !== ownUid) {
    throw new EmbeddedPostgresError(
      `The embedded Postgres in "${path}" belongs to user ${owner}: start Falcon as that user, ${OR_SET_URL}`,
    );
  }
  if (user && statSync(path).uid !== user.uid) chownSync(path, user.uid, user.gid);
  if (!canReach(user, path)) {
    throw new EmbeddedPostgresError(
      `The embedded Postgres in "${path}" runs as user ${ownUid}, who may not enter that folder: open the way (chmod o+x), ${OR_SET_URL}`,
    );
  }
  return {
    path,
    data,
    log: join(path, 'postgres.log'),
    socket: socketFolder(path),
    startLock: join(path, 'start.lock'),
    usersLock: join(path, 'users.lock'),
    user,
  };
}

function socketFolder(path: string): string {
  const beside = join(path, 'socket');
  if (Buffer.byteLength(beside) <= MAX_SOCKET_FOLDER_BYTES) return beside;
  return join('/tmp', `falcon-pg-${createHash('sha256').update(path).digest('hex').slice(0, 16)}`);
}

/** Makes the folder of the socket: whoever may enter it is let into the database, so it must be the server's alone. */
export function prepareSocketFolder({ socket, user }: ClusterFolder): void {
  if (!lstatSync(socket, { throwIfNoEntry: false })) makeOwn(socket, user);
  const found = lstatSync(socket);
  const ownUid = user?.uid ?? process.getuid?.();
  if (!found.isDirectory() || found.uid !== ownUid || (found.mode & 0o077) !== 0) {
    throw new EmbeddedPostgresError(
      `"${socket}", the folder of Postgres's socket, is not a folder of user ${ownUid} with mode 0700: remove it`,
    );
  }
}
