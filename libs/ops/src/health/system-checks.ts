import type { DiskHealthIndicator, MemoryHealthIndicator } from '@nestjs/terminus';
import { EventLoopBeat } from './event-loop-beat.js';
import type { HealthCheck } from './health-check.js';
import { memoryLimitBytes } from './memory-limit.js';

/** Worst delay of the event loop within a second at which requests notice, and at which hardly any is answered. */
const SLOW_LOOP_MS = 1000;
const STUCK_LOOP_MS = 5000;
const DISK_CHECK_MS = 2000;
const MOST_DISK_USED = 0.95;
const MOST_MEMORY_USED = 0.9;

/** Checks of the process and its machine. */
export class SystemChecks {
  constructor(
    private readonly disks: DiskHealthIndicator,
    private readonly memories: MemoryHealthIndicator,
  ) {}

  /** A blocked event loop answers no probe at all; this one says that it was, and fails when it hardly ever is free. */
  eventLoop(): HealthCheck<'event_loop'> {
    const beat = new EventLoopBeat();
    return {
      name: 'event_loop',
      critical: true,
      live: true,
      check: (indicator) => {
        const delay = beat.worstDelayMs();
        const details = { worst_delay_ms: delay };
        if (delay < SLOW_LOOP_MS) return indicator.up(details);
        const message = `The event loop was blocked for ${delay} ms.`;
        return delay < STUCK_LOOP_MS
          ? indicator.degraded({ message, ...details })
          : indicator.down({ message, ...details });
      },
    };
  }

  /** Room on the file system of a folder. */
  disk(path: string): HealthCheck<'disk'> {
    return {
      name: 'disk',
      critical: false,
      cacheMs: DISK_CHECK_MS,
      check: () => this.disks.checkStorage('disk', { path, thresholdPercent: MOST_DISK_USED }),
    };
  }

  /** Memory of the process, held against what its container or machine has. */
  memory(): HealthCheck<'memory'> {
    const limitBytes = memoryLimitBytes();
    return {
      name: 'memory',
      critical: false,
      check: () => this.memories.checkRSS('memory', limitBytes * MOST_MEMORY_USED),
    };
  }
}
