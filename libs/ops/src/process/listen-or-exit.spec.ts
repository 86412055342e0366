import type { ProcessLog } from '../logging/log.js';
import { listenOrExit } from './listen-or-exit.js';

describe('listenOrExit', () => {
  it.each([
    ['localhost', '127.0.0.1'],
    ['127.0.0.2', '127.0.0.2'],
    ['::', '::'],
  ])('listens for %s on %s, and nowhere else', async (host, address) => {
    const listen = jest.fn(() => Promise.resolve());
    await listenOrExit({ listen }, { host, port: 8000 }, {} as ProcessLog, 'The test');
    expect(listen.mock.calls).toEqual([[8000, address]]);
  });
});
