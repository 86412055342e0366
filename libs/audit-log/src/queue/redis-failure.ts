import { reasonOf } from './availability.js';

const URL_VARIABLE = 'REDIS_QUEUE_URL, or REDIS_URL without one';

/** What Redis and the connection to it say, and what that means to operators. */
const SENTENCES: readonly (readonly [said: RegExp, sentence: string])[] = [
  [/^NOAUTH/, `it wants a password: correct ${URL_VARIABLE}`],
  [/^WRONGPASS|invalid password/, `the user or the password is wrong: correct ${URL_VARIABLE}`],
  [/^NOPERM/, `the user lacks a permission: grant it, or correct ${URL_VARIABLE}`],
  [/DB index is out of range/, `there is no database of that number: correct ${URL_VARIABLE}`],
  [/ECONNREFUSED/, 'nothing listens there: is Redis running?'],
  [/ENOTFOUND/, `the host is not known: correct ${URL_VARIABLE}`],
  [/EAI_AGAIN/, 'the host cannot be looked up at present'],
  [/ETIMEDOUT|timed out/, 'it does not answer in time'],
  [/ECONNRESET|EPIPE|Connection is closed/, 'the connection was cut'],
  [/^OOM/, 'its memory is full: raise its maxmemory'],
  [/^READONLY/, `it is a read-only replica: correct ${URL_VARIABLE}`],
  [/^LOADING/, 'it is loading its data'],
];

/** Makes a sentence of a failure: which Redis, what is wrong, what to do; never its password. */
export function redisFailure(url: string): (error: unknown) => string {
  const where = URL.canParse(url) ? new URL(url).host : 'the given URL';
  return (error) => {
    const said = reasonOf(error);
    return `Redis at ${where}: ${SENTENCES.find(([pattern]) => pattern.test(said))?.[1] ?? said}`;
  };
}
