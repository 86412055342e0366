import { type MaintenanceSwitch, parseSwitch } from './maintenance-switch.js';

/** The part of an ioredis connection that keeps the switch, and tells of changes. */
export interface SwitchRedis {
  get(key: string): Promise<string | null>;
  set(key: string, value: string): Promise<unknown>;
  setnx(key: string, value: string): Promise<unknown>;
  publish(channel: string, message: string): Promise<unknown>;
  on(event: 'ready', listener: () => void): unknown;
}

/** The part of an ioredis connection that hears of changes. */
export interface SwitchListener {
  readonly status: string;
  subscribe(channel: string): Promise<unknown>;
  on(event: 'message', listener: (channel: string, message: string) => void): unknown;
  on(event: 'ready', listener: () => void): unknown;
}

/** Name of the key and of the channel. */
const NAME = 'falcon:maintenance';

/** The switch that all replicas share, in Redis. A switch that is off is kept, too: no key means that Redis has lost it. */
export class SharedSwitch {
  constructor(
    private readonly redis: SwitchRedis,
    private readonly listener: SwitchListener,
  ) {}

  /** Calls back whenever the switch may have changed: another replica says so, or the connection is back. */
  watch(onChange: () => void, onError: (error: unknown) => void): void {
    this.redis.on('ready', onChange);
    this.listener.on('message', (channel) => {
      if (channel === NAME) onChange();
    });
    const subscribe = () => void this.listener.subscribe(NAME).catch(onError);
    this.listener.on('ready', subscribe); // ioredis would only do so again where Redis has confirmed it before
    if (this.listener.status === 'ready') subscribe();
  }

  /** Undefined when Redis has none. */
  async read(): Promise<MaintenanceSwitch | undefined> {
    const stored = await this.redis.get(NAME);
    return stored === null ? undefined : parseSwitch(stored);
  }

  /** @param onUntold is told why the other replicas are not told, and will only find the change: a user of Redis may lack the right to */
  async write(value: MaintenanceSwitch, onUntold: (error: unknown) => void): Promise<void> {
    await this.redis.set(NAME, JSON.stringify(value));
    await this.redis.publish(NAME, 'changed').catch(onUntold);
  }

  /** Brings back what a flush has lost, unless somebody was quicker. */
  async restore(value: MaintenanceSwitch): Promise<void> {
    await this.redis.setnx(NAME, JSON.stringify(value));
  }
}
