import fc from 'fast-check';
import { HttpError } from '../http-errors.js';
import { inferRequestSchema } from '../infer/infer.schema.js';
import { parseJson } from './json-body.js';
import { parseBody } from './parse-body.js';

function refusalOf(body: unknown): HttpError {
  return attempt(() => parseBody(inferRequestSchema, body)) as HttpError;
}

function attempt(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    return error;
  }
}

describe('parseBody', () => {
  it('takes what fits', () => {
    expect(parseBody(inferRequestSchema, { text: 'a', version: '1' })).toEqual({ text: 'a', version: '1' });
  });

  it('says that there is no body', () => {
    expect(refusalOf(undefined)).toMatchObject({ code: 'MALFORMED_JSON', message: 'The body is empty.' });
  });

  it('names what is wrong in one sentence, and every member in the list', () => {
    const { message, extras } = refusalOf({ text: 1, more: 2 });
    expect(message).toBe('"text" must be a string (and 1 more).');
    expect(extras.errors).toEqual([
      { path: 'text', message: 'must be a string' },
      { path: 'more', message: 'is not a member of the request' },
    ]);
  });

  it('names at most twenty members, none at length, and counts them all', () => {
    const body = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`${index}${'x'.repeat(500)}`, 1]));
    const { message, extras } = refusalOf({ text: 'a', ...body });
    const errors = extras.errors ?? [];
    expect(errors).toHaveLength(20);
    expect(message).toContain('(and 49 more)');
    expect(Math.max(...errors.map(({ path }) => path.length))).toBe(100);
  });

  it('takes or refuses any JSON, and never throws anything else', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        const outcome = attempt(() => parseBody(inferRequestSchema, parseJson(Buffer.from(json))));
        expect(outcome instanceof HttpError || typeof (outcome as { text: unknown }).text === 'string').toBe(true);
      }),
    );
  });

  it('takes any text of up to 10,000 well-formed characters that is not blank', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 50 }), (text) => {
        const fits = text.trim() !== '';
        expect(inferRequestSchema.safeParse({ text }).success).toBe(fits);
      }),
    );
  });
});

describe('parseJson', () => {
  it.each([
    ['', 'The body is empty.'],
    [' \n', 'The body is empty.'],
    ['{"a":secret}', 'The body is not valid JSON.'],
  ])('refuses %j without quoting it', (body, message) => {
    expect(() => parseJson(Buffer.from(body))).toThrow(new HttpError('MALFORMED_JSON', message));
  });

  it('refuses what is not UTF-8', () => {
    expect(() => parseJson(Buffer.from([0x22, 0xc3, 0x22]))).toThrow('The body is not valid UTF-8.');
  });

  it('keeps __proto__ an ordinary member', () => {
    const body = parseJson(Buffer.from('{"__proto__":{"polluted":1}}')) as object;
    expect(Object.keys(body)).toEqual(['__proto__']);
    expect('polluted' in body).toBe(false);
  });
});
