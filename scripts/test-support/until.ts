import { setTimeout as sleep } from 'node:timers/promises';

/** How something is waited for. */
export interface Patience {
  /** @default 30_000 */
  timeoutMs?: number;
  /** Pause between two looks. @default 20 */
  pollMs?: number;
  /** Ends the wait early: what is waited for cannot come any more. */
  isHopeless?: () => boolean;
  /** What the error says when it has not come; what was begun for it may be cleared up here. */
  complaint?: () => string | Promise<string>;
}

type Falsy = false | 0 | '' | null | undefined;

/**
 * A round that takes longer counts as this: the machine stood still, as a frozen container or VM does, or was busy with others.
 * What was to happen meanwhile could not, or is only seen by the next look.
 */
const MOST_OF_A_ROUND_MS = 2000;

/** Looks again and again until it finds something, and gives that back; only time in which this process ran counts. */
export async function until<Found>(
  find: () => Found | Falsy | Promise<Found | Falsy>,
  { timeoutMs = 30_000, pollMs = 20, isHopeless, complaint }: Patience = {},
): Promise<Found> {
  let leftMs = timeoutMs;
  for (let roundMs = performance.now(); ; await sleep(pollMs)) {
    const found = await find();
    if (found) return found;
    const nowMs = performance.now();
    leftMs -= Math.min(nowMs - roundMs, MOST_OF_A_ROUND_MS);
    roundMs = nowMs;
    if (leftMs <= 0 || isHopeless?.()) {
      throw new Error((await complaint?.()) ?? `It did not happen within ${timeoutMs} ms.`);
    }
  }
}

/** Repeats an attempt until it does not fail, and gives what it gave; when the time is over, its last error is thrown. */
export async function eventually<Given>(
  attempt: () => Given | Promise<Given>,
  patience: Omit<Patience, 'complaint'> = {},
): Promise<Given> {
  let failure: unknown;
  const succeeded = async () => {
    try {
      return { given: await attempt() };
    } catch (error) {
      failure = error;
      return undefined;
    }
  };
  const success = await until(succeeded, patience).catch(() => Promise.reject(failure));
  return success.given;
}
