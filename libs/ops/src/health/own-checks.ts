import type { HealthCheck } from './health-check.js';

/** Down from the moment the process is on its way out; `who` is what the answer calls it. */
export function acceptingCheck(drain: { isDraining(): boolean }, who: string): HealthCheck<'accepting'> {
  return {
    name: 'accepting',
    critical: true,
    cacheMs: 0,
    check: (indicator) => (drain.isDraining() ? indicator.down(`The ${who} is stopping.`) : indicator.up()),
  };
}

const SERVICES = { database: 'Postgres', queue: 'The audit queue' } as const;
type ServiceName = keyof typeof SERVICES;

/** The services of the audit log as their user last found them; undefined as long as nothing is known. */
export interface FoundServices extends Record<ServiceName, boolean | undefined> {
  /** What is wrong with them, where that may be told to everybody. */
  faults: Partial<Record<ServiceName, { publicReason?: string } | undefined>>;
}

/** Say of Postgres and the queue what their user knows, so that no probe asks them. */
export function serviceChecks(critical: boolean, find: () => FoundServices): HealthCheck<ServiceName>[] {
  return (Object.keys(SERVICES) as ServiceName[]).map((name) => ({
    name,
    critical,
    check: (indicator) => {
      const { [name]: isUp, faults } = find();
      if (isUp === undefined) return undefined;
      const why = faults[name]?.publicReason;
      return isUp
        ? indicator.up()
        : indicator.down(`${SERVICES[name]}${why ? `: ${why}.` : ' cannot be used: the log says why.'}`);
    },
  }));
}
