// Preloaded into Falcon (node --require): measures how late the event loop of the serving thread runs its timers.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

/** What the probe answers when the driver asks for it. */
export interface EventLoopReport {
  eventLoop: { p50Ms: number; p99Ms: number; maxMs: number };
}

const RESOLUTION_MS = 1;

function probe(): void {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  const ms = (nanoseconds: number) => nanoseconds / 1e6;
  process.on('message', (message: unknown) => {
    if (message === 'event-loop-reset') histogram.reset();
    if (message === 'event-loop-report') {
      const eventLoop = {
        p50Ms: ms(histogram.percentile(50)),
        p99Ms: ms(histogram.percentile(99)),
        maxMs: ms(histogram.max),
      };
      process.send?.({ eventLoop } satisfies EventLoopReport);
    }
  });
  process.channel?.unref(); // the probe must not keep the process alive that it is loaded into
}

if (isMainThread) probe();
