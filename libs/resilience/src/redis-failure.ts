import { reasonOf } from './reason-of.js';

/** Up to Redis 6.2 what a script was refused stands somewhere in a sentence about the script. */
const FULL = /\bOOM /;
const READ_ONLY = /\bREADONLY\b/;
const UNWRITABLE = /\b(OOM|READONLY|MISCONF|NOREPLICAS) /;

/** What Redis and the connection to it say, and what that means to operators; `URL` stands for the variable with its address. */
const SENTENCES: readonly (readonly [said: RegExp, sentence: string])[] = [
  [/^NOAUTH/, 'it wants a password: correct URL'],
  [/^WRONGPASS|invalid password/, 'the user or the password is wrong: correct URL'],
  [/^NOPERM/, 'the user lacks a permission: grant it, or correct URL'],
  [/DB index is out of range/, 'there is no database of that number: correct URL'],
  [/ECONNREFUSED/, 'nothing listens there: is Redis running?'],
  [/ENOTFOUND/, 'the host is not known: correct URL'],
  [/EAI_AGAIN/, 'the host cannot be looked up at present'],
  [/ETIMEDOUT|timed out|^Socket timeout/, 'it does not answer in time'],
  [/ECONNRESET|EPIPE|Connection is closed/, 'the connection was cut'],
  [FULL, 'its memory is full: raise its maxmemory'],
  [READ_ONLY, 'it is a read-only replica: correct URL'],
  [/^LOADING/, 'it is loading its data'],
];

/** What is wrong with a Redis and what to do, without its address; undefined when the failure is not known. */
export function redisSentence(error: unknown, variable: string): string | undefined {
  const said = reasonOf(error);
  return SENTENCES.find(([pattern]) => pattern.test(said))?.[1].replace('URL', variable);
}

/** Makes a sentence of a failure: which Redis, what is wrong, what to do; never its password. */
export function redisFailure(url: string, variable: string): (error: unknown) => string {
  const where = URL.canParse(url) ? new URL(url).host : 'the given URL';
  return (error) => `Redis at ${where}: ${redisSentence(error, variable) ?? reasonOf(error)}`;
}

/** Whether a Redis that answers, and can be read from, has no room. */
export function isRedisFull(error: unknown): boolean {
  return error instanceof Error && FULL.test(error.message);
}

/** Whether a Redis answers that it is a replica which takes no writes. */
export function isRedisReadOnly(error: unknown): boolean {
  return error instanceof Error && READ_ONLY.test(error.message);
}

/** Whether a Redis that answers, and can be read from, takes nothing at present. */
export function isRedisUnwritable(error: unknown): boolean {
  return error instanceof Error && UNWRITABLE.test(error.message);
}

/** Whether Redis is well and has answered that it does not do this. */
export function isRedisRefusal(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError';
}
