import { isRendered, isRenderedBatch, render, renderBatch, type Circumstances } from './rendered.js';

const SAID = '{"prediction":"joy","confidence":1,"probabilities":{"joy":1},"model":"intent","model_version":"1"}';
const FRESH: Circumstances = {
  cache_hit: false,
  idempotency_hit: false,
  worker_id: 'worker-1',
  processing_time_ms: 1,
  mode: 'fresh',
  request_id: 'a',
};
const DEGRADED: Circumstances = { ...FRESH, mode: 'degraded_fallback', degraded_reason: 'CIRCUIT_OPEN' };

describe('isRendered', () => {
  it.each([
    ['fresh', FRESH, true],
    ['degraded', DEGRADED, true],
    ['degraded for no reason', { ...DEGRADED, degraded_reason: undefined }, false],
    ['degraded for a reason that there is not', { ...DEGRADED, degraded_reason: 'WHIM' }, false],
  ])('knows of an answer that is %s whether it can have been made here', (_what, circumstances, isKnown) => {
    const rendered = render(SAID, circumstances as Circumstances);
    expect(isRendered(rendered.json)).toBe(isKnown);
    const rest = { worker_id: 'worker-1', processing_time_ms: 1, request_id: 'a' };
    expect(isRenderedBatch(renderBatch([rendered], rest).json)).toBe(isKnown);
  });
});
