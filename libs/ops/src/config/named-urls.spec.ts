import { z } from 'zod';
import { namedUrls } from './named-urls.js';
import { readEnvironment } from './read-environment.js';

describe('namedUrls', () => {
  it('reads names and URLs', () => {
    const read = namedUrls().parse('gateway=https://host/a?b=c, store=tcp://[::1]:6379');
    expect(read.map(({ name, url }) => [name, url.href])).toEqual([
      ['gateway', 'https://host/a?b=c'],
      ['store', 'tcp://[::1]:6379'],
    ]);
  });

  it.each([
    'gateway',
    'a=ftp://host',
    'a=tcp://host',
    'a b=http://host',
    'a=http://x,a=http://y',
    'a=http://x,',
    '=http://x',
    'a=http://user@x',
    'a=https://:hush@x',
    'a=tcp://user:hush@x:1',
  ])('refuses "%s"', (list) => {
    expect(namedUrls().safeParse(list).success).toBe(false);
  });

  it.each(['a=http://user:hush@x', 'b=http://y,a=http://hush@x', 'b=http://u:hush@y,a=http://u:hush@x'])(
    'does not repeat the password of "%s"',
    (list) => {
      const read = () => readEnvironment(z.object({ URLS: namedUrls() }), { URLS: list });
      expect(read).toThrow('***@x');
      expect(read).not.toThrow('hush');
    },
  );
});
