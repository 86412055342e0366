import { Counter, type Registry } from 'prom-client';

/** Counters that belong to the whole process and not to one library alone. */
export interface SharedCounters {
  retries: Counter<'operation'>;
  timeouts: Counter<'stage'>;
}

/** These counters: the registered ones, or new ones where nobody has registered any. */
export function sharedCounters(registry: Registry): SharedCounters {
  return {
    retries: findOrRegister(registry, 'retry_attempts_total', 'Operations that were tried again', 'operation'),
    timeouts: findOrRegister(registry, 'timeouts_total', 'Calls whose time ran out, by where', 'stage'),
  };
}

/** A counter that several libraries count on: whoever comes first registers it. */
export function findOrRegister<L extends string>(
  registry: Registry,
  name: string,
  help: string,
  ...labelNames: L[]
): Counter<L> {
  const registered = registry.getSingleMetric(name);
  return registered ? (registered as Counter<L>) : new Counter({ name, help, labelNames, registers: [registry] });
}
