import { namedUrls } from './named-urls.js';

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
  ])('refuses "%s"', (list) => {
    expect(namedUrls().safeParse(list).success).toBe(false);
  });
});
