import { setTimeout as sleep } from 'node:timers/promises';

/** Repeats an expectation until it holds: lines of a log come a moment after what they tell of. */
export async function eventually(expectation: () => void, timeoutMs = 20_000): Promise<void> {
  const giveUpAt = performance.now() + timeoutMs;
  for (;;) {
    try {
      expectation();
      return;
    } catch (error) {
      if (performance.now() > giveUpAt) {
        throw error;
      }
    }
    await sleep(20);
  }
}
