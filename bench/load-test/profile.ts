/** A stretch of a load test: so many users at its end, reached evenly from those of the stage before, or at once. */
export interface Stage {
  seconds: number;
  users: number;
  isRamp?: boolean;
}

/** What a load test must not exceed. */
export interface Limits {
  p95Ms: number;
  p99Ms?: number;
  failedPercent: number;
}

/** A load test: who comes when, and what they may expect. */
export interface Profile {
  summary: string;
  stages: readonly Stage[];
  limits: Limits;
}

/** The load tests by name. */
export const PROFILES: Record<string, Profile> = {
  baseline: {
    summary: '50 users for 5 minutes',
    stages: [{ seconds: 300, users: 50 }],
    limits: { p95Ms: 1000, failedPercent: 5 },
  },
  stress: {
    summary: 'up to 500 users in 10 minutes',
    stages: [100, 200, 300, 400, 500].flatMap((users) => [
      { seconds: 60, users, isRamp: true },
      { seconds: 60, users },
    ]),
    limits: { p95Ms: 5000, failedPercent: 10 },
  },
  spike: {
    summary: '10 users, then 300 within 10 seconds, then 10 again; 5 minutes',
    stages: [
      { seconds: 60, users: 10 },
      { seconds: 10, users: 300, isRamp: true },
      { seconds: 120, users: 300 },
      { seconds: 10, users: 10, isRamp: true },
      { seconds: 100, users: 10 },
    ],
    limits: { p95Ms: 3000, failedPercent: 15 },
  },
  soak: {
    summary: '100 users for 10 minutes',
    stages: [{ seconds: 600, users: 100 }],
    limits: { p95Ms: 2000, p99Ms: 5000, failedPercent: 5 },
  },
};

/** How long all of it takes. */
export function totalSeconds(stages: readonly Stage[]): number {
  return stages.reduce((sum, { seconds }) => sum + seconds, 0);
}

/** The same in another time. */
export function stretched(stages: readonly Stage[], seconds: number): Stage[] {
  const factor = seconds / totalSeconds(stages);
  return stages.map((stage) => ({ ...stage, seconds: stage.seconds * factor }));
}

/** How many users there are after so many seconds; none before and after the stages. */
export function usersAt(stages: readonly Stage[], seconds: number): number {
  let [startsAt, before] = [0, 0];
  for (const { seconds: length, users, isRamp } of stages) {
    const share = (seconds - startsAt) / length;
    if (share < 1) return isRamp ? Math.round(before + (users - before) * share) : users;
    [startsAt, before] = [startsAt + length, users];
  }
  return 0;
}
