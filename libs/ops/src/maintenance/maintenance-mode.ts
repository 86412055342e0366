import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../logging/log.js';
import { MaintenanceUnavailableError } from './maintenance.errors.js';
import { isOn, type MaintenanceScope, type MaintenanceSwitch } from './maintenance-switch.js';
import type { SharedSwitch } from './shared-switch.js';

/** Messages of Redis may be missed, and time passes without any: how often to look. */
const LOOK_MS = 2000;
/** When to ask again where nobody said how long it takes. */
const DEFAULT_RETRY_AFTER_SECONDS = 60;

const SCOPES: readonly MaintenanceScope[] = ['replica', 'all'];

/** What the mode is made of. */
export interface MaintenanceOptions {
  /** Whether this process begins in maintenance. */
  isOnAtStart: boolean;
  /** The switch of all replicas; without one there is that of this process alone. */
  shared?: SharedSwitch | undefined;
  log: Log;
}

/** Maintenance mode: there is a switch for this process and one for all replicas, and it is on while either is. */
export class MaintenanceMode {
  private readonly switches: Partial<Record<MaintenanceScope, MaintenanceSwitch>>;
  /** Since when a switch is on, as the log has it. */
  private readonly announced: Record<MaintenanceScope, number | undefined> = { replica: undefined, all: undefined };
  private readonly firstRead = Promise.withResolvers<void>();
  private isReachable: boolean | undefined;
  private timer?: NodeJS.Timeout;

  constructor(private readonly options: MaintenanceOptions) {
    const { isOnAtStart } = options;
    this.switches = {
      replica: { on: isOnAtStart, sinceMs: Date.now(), ...(isOnAtStart && { reason: 'MAINTENANCE_MODE' }) },
    };
    this.announce();
  }

  /** Begins to follow the shared switch; resolves when it is known, or after `timeoutMs` without it. */
  async start(timeoutMs: number): Promise<void> {
    const { shared, log } = this.options;
    this.timer = setInterval(() => void this.look(), LOOK_MS).unref();
    if (!shared) {
      return;
    }
    shared.watch(
      () => void this.look(),
      (error) => log.debug('Changes of the shared maintenance switch are not heard of, only looked for', { error }),
    );
    await Promise.race([this.firstRead.promise, this.look().then(() => sleep(timeoutMs, undefined, { ref: false }))]);
    if (this.isReachable === undefined) {
      this.setReachable(false);
    }
  }

  /** Stops following the shared switch. */
  close(): void {
    clearInterval(this.timer);
  }

  /** Whether there is a switch for all replicas. */
  get isShared(): boolean {
    return this.options.shared !== undefined;
  }

  /** Whether the shared switch could be read when it was last tried. */
  get isSharedReachable(): boolean {
    return this.isReachable === true;
  }

  /** How a switch stands; undefined for one that was never touched. */
  switchOf(scope: MaintenanceScope): MaintenanceSwitch | undefined {
    return this.switches[scope];
  }

  isOn(scope: MaintenanceScope): boolean {
    return isOn(this.switches[scope], Date.now());
  }

  /** Seconds after which to ask again; undefined while there is no maintenance. */
  retryAfterSeconds(): number | undefined {
    const { replica, all } = this.switches;
    if (!replica?.on && !all?.on) {
      return undefined;
    }
    const nowMs = Date.now();
    const ends = [replica, all].flatMap((value) => (isOn(value, nowMs) ? [value.untilMs] : []));
    if (ends.length === 0) {
      return undefined;
    }
    const known = ends.filter((untilMs) => untilMs !== undefined);
    return known.length < ends.length ? DEFAULT_RETRY_AFTER_SECONDS : Math.ceil((Math.max(...known) - nowMs) / 1000);
  }

  /**
   * Turns a switch on or off.
   * @throws {MaintenanceUnavailableError} when it is the shared one and Redis does not answer
   */
  async set(scope: MaintenanceScope, { on, reason, untilMs }: Omit<MaintenanceSwitch, 'sinceMs'>): Promise<void> {
    const value = { on, sinceMs: Date.now(), ...(reason !== undefined && { reason }), ...(untilMs && { untilMs }) };
    if (scope === 'all') {
      const { log } = this.options;
      await this.sharedSwitch()
        .write(value, (error) =>
          log.debug('A change of the shared maintenance switch is not told, only found', { error }),
        )
        .catch((error: unknown) => {
          throw new MaintenanceUnavailableError({ cause: error });
        });
    }
    this.switches[scope] = value;
    this.announce();
  }

  private sharedSwitch(): SharedSwitch {
    if (!this.options.shared) {
      throw new Error('There is no switch for all replicas.');
    }
    return this.options.shared;
  }

  /** Reads the shared switch; when that cannot be done, the last known state stays. */
  private async look(): Promise<void> {
    const { shared, log } = this.options;
    try {
      const read = await shared?.read();
      const known = this.switches.all;
      if (read) {
        this.switches.all = read;
      } else if (shared && isOn(known, Date.now())) {
        await shared.restore(known);
      }
      this.setReachable(true);
    } catch (error) {
      log.debug('The shared maintenance switch was not read', { error });
      if (this.isReachable) this.setReachable(false);
    }
    this.announce();
  }

  private setReachable(isReachable: boolean): void {
    if (this.isReachable === isReachable || !this.options.shared) {
      return;
    }
    if (isReachable && this.isReachable === false) {
      this.options.log.info('The shared maintenance switch is read again');
    } else if (!isReachable) {
      this.options.log.warning('The shared maintenance switch cannot be read: it stays as it is last known');
    }
    this.isReachable = isReachable;
    if (isReachable) this.firstRead.resolve();
  }

  /** Says in the log what has changed: switched here, switched elsewhere, or over. */
  private announce(): void {
    for (const scope of SCOPES) {
      const value = this.switches[scope];
      const on = isOn(value, Date.now()) ? value : undefined;
      if (on?.sinceMs !== this.announced[scope]) {
        this.announced[scope] = on?.sinceMs;
        if (on) {
          const until = on.untilMs === undefined ? undefined : new Date(on.untilMs).toISOString();
          this.options.log.warning('Maintenance mode is on', { scope, reason: on.reason, until });
        } else {
          this.options.log.info('Maintenance mode is off', { scope });
        }
      }
    }
  }
}
