import type { z } from 'zod';
import { ConfigError } from './config.errors.js';

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
 * Checks the variables that a schema names; one that is set to nothing counts as not set.
 * @throws {ConfigError} with all faults at once, passwords masked
 */
export function readEnvironment<T extends z.ZodObject>(
  schema: T,
  env: NodeJS.ProcessEnv,
  contradictions: readonly Contradiction<z.output<T>>[] = [],
): z.output<T> {
  const given = (name: string): string | undefined => env[name]?.trim() || undefined;
  const values: Record<string, unknown> = {};
  const faults = new Map<string, string>();
  for (const [name, variable] of Object.entries<z.ZodType>(schema.shape)) {
    const { data, error } = variable.safeParse(given(name));
    values[name] = data;
    if (error) faults.set(name, faultOf(name, given(name) ?? '', error.issues[0]?.message ?? 'something else'));
  }
  const found = values as z.output<T>;
  const contradictory = contradictions
    .filter(({ names, isOne }) => !names.some((name) => faults.has(name)) && isOne(found))
    .map(({ names: [name], expected }) => faultOf(name, given(name) ?? String(values[name]), expected(found)));
  if (faults.size + contradictory.length > 0) {
    throw new ConfigError([...faults.values(), ...contradictory]);
  }
  return found;
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
