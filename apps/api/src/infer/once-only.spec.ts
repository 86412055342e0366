import type { Idempotency, IdempotencyOutcome } from '@app/cache';
import type { RequestContext } from '../http/request-context.js';
import type { Settings } from '../settings.js';
import { OnceOnly } from './once-only.js';

describe('OnceOnly', () => {
  const context = { idempotencyKey: 'order-12', tenant: 'acme', deadlineMs: Infinity } as RequestContext;
  const work = {
    route: '/infer',
    body: {},
    run: async () => ({ answer: 'a', json: '"a"' }),
    isAnswer: () => true,
    replay: async () => ({ answer: 'again', json: '"again"' }),
    refuse: async (error: unknown) => error,
  };

  /** How often a caller is told that its key does not stand for its answer. */
  async function toldWhen(isStored: boolean): Promise<number> {
    const claim = { complete: async () => isStored, release: async () => undefined };
    const begin = async () => ({ state: 'claimed', claim }) as unknown as IdempotencyOutcome;
    const onceOnly = new OnceOnly(
      { begin } as unknown as Idempotency,
      { cache: { idempotencyEnabled: true } } as Settings,
    );
    const onUnavailable = jest.fn();
    expect((await onceOnly.run(work, context, onUnavailable)).answer).toBe('a');
    return onUnavailable.mock.calls.length;
  }

  it('tells the caller when its answer could not be stored', async () => {
    expect([await toldWhen(false), await toldWhen(true)]).toEqual([1, 0]);
  });
});
