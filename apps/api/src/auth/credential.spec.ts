import { credentialOf } from './credential.js';

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

describe('credentialOf', () => {
  it.each([
    ['Authorization: Bearer', { authorization: 'Bearer the-key' }],
    ['a scheme in other letters', { authorization: 'bearer the-key' }],
    ['X-API-Key', { 'x-api-key': 'the-key' }],
    ['X-API-Key beside another scheme', { authorization: basic('a:b'), 'x-api-key': 'the-key' }],
    ['Bearer before X-API-Key', { authorization: 'Bearer the-key', 'x-api-key': 'another' }],
  ])('takes %s', (_what, headers) => {
    expect(credentialOf(headers, false)).toBe('the-key');
  });

  it.each([
    ['nothing', {}],
    ['another scheme', { authorization: 'Digest the-key' }],
    ['no scheme', { authorization: 'the-key' }],
    ['two words', { authorization: 'Bearer the key' }],
    ['a password', { authorization: basic('admin:the-key') }],
  ])('takes no key from %s', (_what, headers) => {
    expect(credentialOf(headers, false)).toBeUndefined();
  });

  it('takes a password where browsers ask for it', () => {
    expect(credentialOf({ authorization: basic('anybody:the:key') }, true)).toBe('the:key');
    expect(credentialOf({ authorization: basic('no colon') }, true)).toBeUndefined();
    expect(credentialOf({ authorization: 'Basic %%%' }, true)).toBeUndefined();
  });

  it('does not take two keys for one', () => {
    // Node joins a header that comes twice.
    expect(credentialOf({ 'x-api-key': 'one, two' }, false)).toBe('one, two');
  });
});
