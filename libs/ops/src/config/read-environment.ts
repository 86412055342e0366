import type { z } from 'zod';
import { ConfigError } from './config.errors.js';
import { givenValue, type GivenValue } from './given-value.js';

/** Variables that are right each for itself and cannot be together; a default is a value like any other. */
export interface Contradiction<Env> {
  /** The variable that is blamed, then those that it contradicts. */
  names: readonly [keyof Env & string, ...(keyof Env & string)[]];
  isOne: (env: Env) => boolean;
  /** What the first one must be instead. */
  expected: (env: Env) => string;
}

/** Longer values say no more of what is wrong. */
const MAX_SHOWN_CHARACTERS = 200;
/** Variables whose values are never shown. */
const SECRET_NAME = /_(KEY|SECRET|TOKEN|PASSWORD)$/;

/**
 * Checks the variables that a schema names; one that is set to nothing counts as not set. Where the schema has the name
 * with `_FILE` at its end as well, that may name a file with the value.
 * @throws {ConfigError} with all faults at once, passwords masked
 */
export function readEnvironment<T extends z.ZodObject>(
  schema: T,
  env: NodeJS.ProcessEnv,
  contradictions: readonly Contradiction<z.output<T>>[] = [],
): z.output<T> {
  const given = (name: string) => givenValue(name, env, `${name}_FILE` in schema.shape);
  const values: Record<string, unknown> = {};
  const faults = new Map<string, string>();
  for (const [name, variable] of Object.entries<z.ZodType>(schema.shape)) {
    const found = given(name);
    const { data, error } = variable.safeParse(found.value);
    values[name] = data;
    const expected = found.fault ?? error?.issues[0]?.message;
    if (expected !== undefined) faults.set(name, faultOfGiven(found, expected));
  }
  const found = values as z.output<T>;
  const contradictory = contradictions
    .filter(({ names, isOne }) => !names.some((name) => faults.has(name)) && isOne(found))
    .map(({ names: [name], expected }) => faultOf(name, given(name).value ?? String(values[name]), expected(found)));
  if (faults.size + contradictory.length > 0) {
    throw new ConfigError([...faults.values(), ...contradictory]);
  }
  return found;
}

/** What a file holds is never shown: it is a secret, and perhaps not where the secret was expected in it. */
function faultOfGiven({ source, fault }: GivenValue, expected: string): string {
  const isWrongContent = source.isFile && fault === undefined;
  return faultOf(source.name, source.value, isWrongContent ? `a file that holds ${expected}` : expected);
}

function faultOf(name: string, value: string, expected: string): string {
  const shown = SECRET_NAME.test(name) ? '***' : withoutPasswords(value);
  const short = shown.length > MAX_SHOWN_CHARACTERS ? `${shown.slice(0, MAX_SHOWN_CHARACTERS)}...` : shown;
  return `${name}=${JSON.stringify(short)} must be ${expected}.`;
}

/** A URL's password, and whatever stands before an "@" in what should have been a URL, is nobody's business. */
function withoutPasswords(value: string): string {
  return value
    .replace(/^([^@]*?:\/\/[^@:/]*:|).*@/s, '$1***@')
    .replaceAll(/(\w*(?:password|secret|token)\w*=)[^&\s]*/gi, '$1***');
}
