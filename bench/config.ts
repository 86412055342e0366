import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { documentedVariables } from '../scripts/test-support/documented-values.js';

/** What the caller's environment names is somebody's: a benched server has services of the bench's own, or none. */
const NO_SERVICES = Object.fromEntries(
  ['POSTGRES_URL', 'REDIS_URL', 'REDIS_QUEUE_URL'].flatMap((name) => [
    [name, ''],
    [`${name}_FILE`, ''],
  ]),
);

/** The environment that the benched servers get: the caller's, so that Falcon's settings can be tried, with `overrides` on top. */
export function serverEnvironment(overrides: Record<string, string>): NodeJS.ProcessEnv {
  return { ...process.env, ...NO_SERVICES, ...overrides };
}

/** These settings, each unless the caller wants it otherwise. */
export function unlessGiven<Settings extends Record<string, string>>(settings: Settings): Settings {
  const given = Object.entries(settings).map(([name, value]) => [name, process.env[name] ?? value]);
  return Object.fromEntries(given) as Settings;
}

/** The comparisons are with servers that have none of this, unless the caller wants it. */
export const PLAIN_SETTINGS = unlessGiven({
  AUDIT_DURABILITY: 'off',
  CACHE_ENABLED: 'false',
  RATE_LIMIT_ENABLED: 'false',
  LOAD_SHEDDING: 'off',
});

/** What the bench says itself, and secrets. */
const NOT_NOTED = /^(HOST|PORT|LOG_LEVEL|WORKER_ID|DRAIN_DELAY_SECONDS|DATA_DIR)$|_KEY|(REDIS|QUEUE|POSTGRES)_URL/;

/** Falcon's settings that the caller's environment changes; they are part of the result. */
export function callersSettings(): Record<string, string> {
  const documented = documentedVariables('docs/configuration.md').map(({ name }) => name);
  const names = ['NODE_OPTIONS', ...documented.filter((name) => !NOT_NOTED.test(name))];
  const given = names.flatMap((name): [string, string][] => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value.replaceAll(/\/\/[^@/,]*@/g, '//')]]; // without the password of a URL
  });
  return Object.fromEntries(given);
}

/** From here on all temporary folders are made in this one, those of the children, too. */
export function keepTemporaryFoldersIn(folder: string): void {
  process.env.TMPDIR = folder;
}

/** The header that lets a load test in where the server wants a key. */
export function callersKey(): Record<string, string> {
  const key = process.env.API_KEY;
  return key ? { 'x-api-key': key } : {};
}

/** The folder of a model as Falcon serves it, by default that of DEFAULT_MODEL in MODEL_DIR: its highest version. */
export function servedModelFolder(
  model = process.env.DEFAULT_MODEL ?? 'sentiment',
  models = process.env.MODEL_DIR ?? 'models',
): string {
  const folder = join(models, model);
  const [highest] = readdirSync(folder)
    .map(Number)
    .filter(Number.isInteger)
    .toSorted((a, b) => b - a);
  if (highest === undefined) throw new Error(`${folder} has no version`);
  return join(folder, String(highest));
}
