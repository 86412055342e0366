import type { Drill } from './drill.js';
import { DrillLoad } from './drill-load.js';
import { pause } from './interruptible.js';
import type { DrillOptions } from './run-drill.js';
import type { Stack } from './stack.js';
import { requestsLine } from './timeline.js';

const EVERY_MS = 1000;

/** Injects the fault, shows for so long what a caller and Prometheus see of it, and mends it as the runbook says, whatever happens; Ctrl-C ends a stack of its own. */
export async function watchFault(drill: Drill, stack: Stack, { page, say, signal }: DrillOptions, seconds: number) {
  const load = new DrillLoad(stack.load);
  const remedy = page.tagged(`drill=${drill.name}`);
  let harm: Awaited<ReturnType<Drill['inject']>> = undefined;
  const look = async (count: number) => {
    for (let left = count; left > 0; left--) {
      const fromMs = performance.now();
      await pause(EVERY_MS, signal);
      const alerts = (await stack.alerts()).map(({ name, state }) => `${name} (${state})`);
      say(
        `${requestsLine(load.between(fromMs, performance.now()))}; alerts: ${[...new Set(alerts)].join(', ') || 'none'}`,
      );
    }
  };
  try {
    await look(2);
    try {
      say(`FAULT: ${drill.fault}`);
      harm = await drill.inject(stack);
      await look(seconds);
    } finally {
      // Ctrl-C has ended parts of a stack of its own, too, and the rest follows.
      if (!(signal?.aborted && stack.isOwn)) {
        say(`REMEDY (docs/RUNBOOK.md#${drill.section}):\n${remedy}`);
        await stack.must(remedy, drill.env);
      }
    }
    await look(Math.ceil(seconds / 3));
  } finally {
    await Promise.all([harm?.stop(), load.stop()]);
  }
}
