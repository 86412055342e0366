import type { BreakerBus, Opening } from './breaker-bus.js';

/** The part of an ioredis connection that publishes. */
export interface PublishingRedis {
  readonly options: { db?: number | undefined };
  publish(channel: string, message: string): Promise<number>;
}

/** The part of an ioredis connection that listens; one that has subscribed can do nothing else. */
export interface SubscribingRedis {
  readonly status: string;
  subscribe(channel: string): Promise<unknown>;
  on(event: 'message', listener: (channel: string, message: string) => void): unknown;
  on(event: 'ready', listener: () => void): unknown;
}

const CHANNEL = 'falcon:breakers';

/**
 * Tells openings over Redis pub/sub. Without Redis nothing is told and nothing is heard, and breakers decide alone.
 * It subscribes anew on every connection: ioredis would only do so if the one before had lasted until Redis confirmed it.
 */
export class RedisBreakerBus implements BreakerBus {
  private readonly channel: string;

  constructor(
    private readonly publisher: PublishingRedis,
    private readonly subscriber: SubscribingRedis,
    private readonly onError: (error: unknown) => void,
  ) {
    // Channels are those of all databases, and each of these may be of an installation of its own.
    const { db = 0 } = publisher.options;
    this.channel = db === 0 ? CHANNEL : `${CHANNEL}:${db}`;
  }

  publish(opening: Opening): void {
    this.publisher.publish(this.channel, JSON.stringify(opening)).catch(this.onError);
  }

  subscribe(listener: (opening: Opening) => void): void {
    this.subscriber.on('message', (channel, message) => {
      if (channel !== this.channel) return;
      const opening = parseOpening(message);
      if (opening) listener(opening);
      else this.onError(new Error(`Not an opening of a breaker: ${message.slice(0, 100)}`));
    });
    const subscribe = () => void this.subscriber.subscribe(this.channel).catch(this.onError);
    this.subscriber.on('ready', subscribe);
    if (this.subscriber.status === 'ready') subscribe();
  }
}

function parseOpening(message: string): Opening | undefined {
  try {
    const { policy, workerId } = (JSON.parse(message) ?? {}) as Record<string, unknown>;
    return typeof policy === 'string' && typeof workerId === 'string' ? { policy, workerId } : undefined;
  } catch {
    return undefined; // whoever wrote this was no Falcon; the caller reports it
  }
}
