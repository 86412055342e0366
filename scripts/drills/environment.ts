import { dirname } from 'node:path';

/** Environment of a program that a drill starts: the caller's PATH with this Node.js first, and what is given. */
export function programEnvironment(env: NodeJS.ProcessEnv, folders: readonly string[] = []): NodeJS.ProcessEnv {
  const path = [...folders, dirname(process.execPath), process.env['PATH'] ?? ''].join(':');
  return { PATH: path, HOME: process.env['HOME'], ...env };
}
