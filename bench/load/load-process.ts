// The load generator's own process: takes jobs over IPC, so that the driver's work does not disturb the load.
import type { LoadEvent, LoadJob } from './load-job.js';
import { LoadRun } from './load-run.js';
import type { OpenJob } from './open-job.js';
import { OpenRun } from './open-run.js';

const report = (event: LoadEvent) => process.send?.(event);

async function runJob(job: LoadJob): Promise<void> {
  const run = new LoadRun(job);
  try {
    const result = await run.measure(() => report({ event: 'measuring' }));
    report({ event: 'measured', result });
    await run.drain();
    report({ event: 'drained' });
  } catch (error) {
    report({ event: 'failed', message: (error as Error).message });
  }
}

async function runOpenJob(job: OpenJob): Promise<void> {
  report({ event: 'open-done', result: await new OpenRun(job).run() });
}

process.on('message', (job: LoadJob | OpenJob) => void ('phases' in job ? runOpenJob(job) : runJob(job)));
process.on('disconnect', () => process.exit());
