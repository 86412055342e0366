import { statSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';

/** As whom the server runs where Falcon runs as root, because Postgres refuses to. */
export interface ServerUser {
  uid: number;
  gid: number;
}

/** `nobody` of most systems; the number is what counts, the account need not exist. */
const NOBODY: ServerUser = { uid: 65534, gid: 65534 };

/** The user to run the server as, undefined where it is Falcon's own: the owner of an existing cluster, else nobody. */
export function serverUserFor(dataFolder: string): ServerUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const owner = statSync(dataFolder, { throwIfNoEntry: false });
  return owner && owner.uid !== 0 ? { uid: owner.uid, gid: owner.gid } : NOBODY;
}

/** Whether `user` may enter every folder on the way to `path`, and `path` itself (a folder to enter, a program to run). */
export function canReach(user: ServerUser | undefined, path: string): boolean {
  if (!user) return true;
  const parent = dirname(path);
  return (parent === path || canReach(user, parent)) && mayEnter(user, statSync(path));
}

function mayEnter(user: ServerUser, { uid, gid, mode }: Stats): boolean {
  if (uid === user.uid) return (mode & 0o100) !== 0;
  return (mode & (gid === user.gid ? 0o010 : 0o001)) !== 0;
}
