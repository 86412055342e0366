import { isIP } from 'node:net';
import { z } from 'zod';
import { IDENTIFIER, IDENTIFIER_IN_WORDS } from '../identifier.js';

/** A text variable. */
export const text = () => z.string().min(1);

/** A whole number between two bounds, written in digits. */
export function whole(min: number, max: number) {
  const expected = `a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, expected)
    .transform(Number)
    .refine((value) => value >= min && value <= max, expected);
}

/** A number of seconds between two bounds, fractions allowed. */
export const seconds = (min: number, max: number) => fraction('a number of seconds', min, max);

/** The same in milliseconds, whole ones: Redis takes no others, and a product may have more digits than its factors. */
export const toMs = (ofSeconds: number) => Math.round(ofSeconds * 1000);

/** A percentage between two bounds, fractions allowed. */
export const percent = (min: number, max: number) => fraction('a percentage', min, max);

function fraction(what: string, min: number, max: number) {
  const expected = `${what} from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,9}(\.\d{1,6})?$/, expected)
    .transform(Number)
    .refine((value) => value >= min && value <= max, expected);
}

/** A share of something. */
export function share() {
  const expected = 'a number from 0 to 1';
  return z
    .string()
    .regex(/^(0|1|0?\.\d{1,9}|1\.0+)$/, expected)
    .transform(Number);
}

/** One of a few words, in the case given here. */
export function oneOf<const T extends readonly [string, ...string[]]>(words: T) {
  return z.enum(words, `one of ${words.join(', ')}`);
}

/** Yes or no. */
export const flag = () => oneOf(['true', 'false']).transform((word) => word === 'true');

/** A secret that somebody chose; never shown, not even when it is refused. */
export const secret = () =>
  z.string().regex(/^[\x21-\x7e]{16,256}$/, '16 to 256 printable ASCII characters without spaces');

/** Values separated by commas. */
export function list(expected: string, isValue: (value: string) => boolean) {
  return z
    .string()
    .transform((written) => written.split(',').map((value) => value.trim()))
    .refine((values) => values.every(isValue), expected);
}

/** Named values separated by commas, each name once; `parse` gives undefined for an entry that is none. */
export function namedList<Value>(expected: string, parse: (entry: string) => [name: string, value: Value] | undefined) {
  return z.string().transform((written, context) => {
    const entries = written.split(',').map((entry) => parse(entry.trim()));
    const named = entries.filter((entry) => entry !== undefined);
    if (named.length === entries.length && new Map(named).size === named.length) return named;
    context.addIssue({ code: 'custom', message: expected });
    return z.NEVER;
  });
}

/** A name that is safe in a label, a log line and a file name. */
export const identifier = (what: string) => z.string().regex(IDENTIFIER, `${what} of ${IDENTIFIER_IN_WORDS}`);

/** The address of a service with one of these schemes, such as `postgres://user:password@host:5432/database`. */
export function serviceUrl(...schemes: readonly string[]) {
  const expected = `a URL such as ${schemes[0]}://user:password@host:port/name`;
  return z.string().refine((value) => schemes.includes(schemeOf(value)), expected);
}

function schemeOf(value: string): string {
  return URL.canParse(value) ? new URL(value).protocol.slice(0, -1) : '';
}

/** An address to listen on: an IP address, or a name that resolves to one. */
export const host = () =>
  z
    .string()
    .refine((value) => isIP(value) > 0 || HOST_NAME.test(value), 'an IP address or a host name such as localhost');

const HOST_NAME = /^(?!-)(?=.{1,253}$)(?!.*\.\d+$)[a-z\d-]{1,63}(\.[a-z\d-]{1,63})*$/i;
