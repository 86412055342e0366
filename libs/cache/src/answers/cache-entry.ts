/** A stored answer with its times, in ms since 1970. */
export interface CacheEntry {
  /** A short text, as a rule JSON. */
  readonly value: string;
  readonly madeAtMs: number;
  /** Until then it answers like a new one. */
  readonly freshUntilMs: number;
  /** Until then it may answer in place of a model that cannot. */
  readonly keptUntilMs: number;
}

/** How long answers are good. */
export interface EntryLifetime {
  /** Fresh for this long at most. */
  ttlMs: number;
  /** Up to this share of the time is taken off by chance, so that what was made together does not end together; 0..1. */
  ttlJitter: number;
  /** Kept for this long after, for degraded answers. */
  staleMs: number;
}

/** Makes an entry that starts now. */
export function newEntry(value: string, { ttlMs, ttlJitter, staleMs }: EntryLifetime, nowMs: number): CacheEntry {
  const freshUntilMs = nowMs + Math.max(1, Math.round(ttlMs * (1 - ttlJitter * Math.random())));
  return { value, madeAtMs: nowMs, freshUntilMs, keptUntilMs: freshUntilMs + staleMs };
}

/** Whether an entry answers like a new one. */
export function isFresh(entry: CacheEntry, nowMs: number): boolean {
  return nowMs < entry.freshUntilMs;
}

const WIRE_FORM = /^(\d{1,16}):(\d{1,13}):(\d{1,13}):/;

/** The entry as one string: `made at:fresh for:kept for:value`. */
export function writeEntry({ value, madeAtMs, freshUntilMs, keptUntilMs }: CacheEntry): string {
  return `${madeAtMs}:${freshUntilMs - madeAtMs}:${keptUntilMs - madeAtMs}:${value}`;
}

/**
 * Reads what `writeEntry()` wrote; undefined for anything else. An entry from a clock that is ahead of ours counts as
 * made now, whenever it is read; if it is ahead by more than the entry is fresh for, nobody knows how old it is, and it
 * is good for a degraded answer only.
 */
export function readEntry(written: string, nowMs: number): CacheEntry | undefined {
  const [head, madeAt, freshFor, keptFor] = WIRE_FORM.exec(written) ?? [];
  if (head === undefined) {
    return undefined;
  }
  const madeAtMs = Math.min(Number(madeAt), nowMs);
  const isAgeUnknown = Number(madeAt) - nowMs > Number(freshFor);
  return {
    value: written.slice(head.length),
    madeAtMs,
    freshUntilMs: isAgeUnknown ? nowMs : madeAtMs + Number(freshFor),
    keptUntilMs: madeAtMs + Number(keptFor),
  };
}
