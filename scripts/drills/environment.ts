import { dirname } from 'node:path';

/** Environment of a program that a drill starts: the caller's PATH with this Node.js first, and what is given. */
export function programEnvironment(env: NodeJS.ProcessEnv, folders: readonly string[] = []): NodeJS.ProcessEnv {
  const path = [...folders, dirname(process.execPath), process.env['PATH'] ?? ''].join(':');
  const docker = Object.entries(process.env).filter(([name]) => /^(DOCKER|COMPOSE)_/.test(name));
  return { ...Object.fromEntries(docker), PATH: path, HOME: process.env['HOME'], ...env };
}

/** The caller's key that is in the environment. */
export function givenApiKey(): { apiKey?: string } {
  const apiKey = process.env['API_KEY'];
  return apiKey === undefined ? {} : { apiKey };
}
