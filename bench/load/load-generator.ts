import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { LoadEvent, LoadJob, LoadResult } from './load-job.js';
import type { OpenJob, OpenResult } from './open-job.js';

/** What the driver does at the edges of the counted time, e.g. read the server's CPU time. */
export interface MeasuringHooks {
  onMeasuring?(): void;
  onMeasured?(): void;
}

/** Runs jobs in the load generator's process, one at a time. */
export class LoadGenerator {
  private readonly child: ChildProcess;

  constructor() {
    this.child = fork(join(__dirname, 'load-process.js'));
  }

  /** Resolves when the last answer has arrived; rejects when any answer was not a 200. */
  run(job: LoadJob, hooks: MeasuringHooks = {}): Promise<LoadResult> {
    let result: LoadResult | undefined;
    return this.ask<LoadResult>(job, (event, done) => {
      if (event.event === 'measuring') hooks.onMeasuring?.();
      if (event.event === 'measured') {
        hooks.onMeasured?.();
        result = event.result;
      }
      if (event.event === 'drained' && result) done.resolve(result);
      if (event.event === 'failed') done.reject(new Error(`the load on port ${job.port} failed: ${event.message}`));
    });
  }

  /** Resolves when the last request was answered or given up; nothing that becomes of them is an error. */
  runOpen(job: OpenJob): Promise<OpenResult> {
    return this.ask<OpenResult>(job, (event, done) => {
      if (event.event === 'open-done') done.resolve(event.result);
    });
  }

  private async ask<T>(
    job: LoadJob | OpenJob,
    onEvent: (event: LoadEvent, done: PromiseWithResolvers<T>) => void,
  ): Promise<T> {
    const done = Promise.withResolvers<T>();
    const onMessage = (event: LoadEvent) => onEvent(event, done);
    const onExit = () => done.reject(new Error('the load generator died'));
    this.child.on('message', onMessage).once('exit', onExit);
    this.child.send(job);
    try {
      return await done.promise;
    } finally {
      this.child.off('message', onMessage).off('exit', onExit);
    }
  }

  stop(): void {
    this.child.kill();
  }
}
