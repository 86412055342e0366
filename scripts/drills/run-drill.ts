import type { Drill } from './drill.js';
import { DrillLoad } from './drill-load.js';
import { pause } from './interruptible.js';
import type { RunbookPage } from './runbook-page.js';
import type { Stack } from './stack.js';
import { type DrillReport, eventLine, requestsLine, seconds, type TimelineEvent } from './timeline.js';

/** What a drill is run with. */
export interface DrillOptions {
  page: RunbookPage;
  say: (line: string) => void;
  /** How long the alert, and then the recovery, is waited for. @default two minutes */
  patienceMs?: number;
  /** Ends it early; what was broken is mended all the same. */
  signal?: AbortSignal;
}

/** Load before the fault and after the recovery, all of which has to be answered. */
const STEADY_MS = 1500;
const POLL_MS = 200;
const DEFAULT_PATIENCE_MS = 120_000;

/** Injects the fault, waits for the alert, does what the runbook says, and asserts that all is well again. */
export async function runDrill(drill: Drill, stack: Stack, options: DrillOptions): Promise<DrillReport> {
  const run = new DrillRun(drill, stack, options);
  try {
    return await run.run();
  } finally {
    await run.end();
  }
}

class DrillRun {
  private readonly load: DrillLoad;
  private readonly events: TimelineEvent[] = [];
  private harm: { stop(): Promise<void> } | void = undefined;
  private faultMs = performance.now();
  /** Between fault and remedy. */
  private isBroken = false;

  constructor(
    private readonly drill: Drill,
    private readonly stack: Stack,
    private readonly options: DrillOptions,
  ) {
    this.load = new DrillLoad(stack.load);
  }

  async run(): Promise<DrillReport> {
    const { drill, stack, options } = this;
    options.say(`drill-${drill.name}: the time of alerts runs ${stack.factor} times faster`);
    await this.steady('before the fault');
    await this.waitFor('no alert of this name before the fault', async () => !(await this.isActive()));
    this.faultMs = performance.now();
    this.note('FAULT', drill.fault);
    this.isBroken = true;
    this.harm = await drill.inject(stack);
    const conditionMs = await this.waitFor(`the condition of ${drill.alert}`, () => this.isActive());
    this.note('CONDITION', `${drill.alert} holds`);
    await this.waitFor(`the alert ${drill.alert}`, () => this.isActive('firing'));
    this.note('ALERT', `${drill.alert} fires`);
    const remedyMs = await this.remedy();
    const verifiedMs = await this.waitFor(`what verifies "${drill.section}"`, () => this.isVerified());
    this.note('VERIFIED', `the commands below "Verification" of "${drill.section}" pass`);
    await this.waitFor(`the end of ${drill.alert}`, async () => !(await this.isActive()));
    this.note('RECOVERED', `${drill.alert} has ended`);
    await this.endHarm();
    const requests = this.load.between(this.faultMs, performance.now());
    options.say(requestsLine(requests));
    await this.steady('after the recovery');
    if (!drill.mayLoseRecords) await this.recorded();
    const allowed = drill.mayFail ?? 0;
    if (requests.failed > allowed) {
      throw new Error(
        `${requests.failed} requests failed, and at most ${allowed} may: ${JSON.stringify(requests.failures)}`,
      );
    }
    return {
      drill: drill.name,
      alert: drill.alert,
      conditionMs: conditionMs - this.faultMs,
      verifiedMs: verifiedMs - remedyMs,
      events: this.events,
      requests,
    };
  }

  /** Lets go of everything; a drill that has failed does not leave its fault behind. */
  async end(): Promise<void> {
    try {
      // Ctrl-C has ended parts of a stack of its own, too, and the rest follows.
      if (this.isBroken && !(this.options.signal?.aborted && this.stack.isOwn)) await this.remedy();
    } finally {
      await Promise.all([this.endHarm(), this.load.stop()]);
    }
  }

  private async endHarm(): Promise<void> {
    const { harm } = this;
    this.harm = undefined;
    await harm?.stop();
  }

  /** Every answer has its row, or gets it now. */
  private async recorded(): Promise<void> {
    await this.load.stop();
    const ids = this.load.answeredIds();
    await this.waitFor('the rows of all answers', async () => (await this.stack.unrecorded(ids)) === '');
  }

  private async remedy(): Promise<number> {
    const { page } = this.options;
    const commands = page.tagged(`drill=${this.drill.name}`);
    const startMs = performance.now();
    this.isBroken = false;
    this.note('REMEDY', commands.split('\n').join(' ; '));
    const { code, output } = await this.stack.shell(commands, this.drill.env);
    if (code !== 0) throw new Error(`The runbook's remedy ended with ${code}: ${output}`);
    return startMs;
  }

  private async isVerified(): Promise<boolean> {
    const { code } = await this.stack.shell(this.options.page.verification(this.drill.section), this.drill.env);
    return code === 0;
  }

  private async isActive(state?: 'firing'): Promise<boolean> {
    const { alert, labels = {} } = this.drill;
    return (await this.stack.alerts()).some(
      (active) =>
        active.name === alert &&
        (state === undefined || active.state === state) &&
        Object.entries(labels).every(([label, value]) => active.labels[label] === value),
    );
  }

  /** All that is asked for a moment has to be answered. */
  private async steady(when: string): Promise<void> {
    const fromMs = performance.now();
    await pause(STEADY_MS, this.options.signal);
    const { answered, failed, failures } = this.load.between(fromMs, performance.now());
    if (failed > 0 || answered === 0) {
      throw new Error(`${failed} requests failed and ${answered} were answered ${when}: ${JSON.stringify(failures)}`);
    }
  }

  /** When it became so. */
  private async waitFor(what: string, isSo: () => Promise<boolean>): Promise<number> {
    const patienceMs = this.options.patienceMs ?? DEFAULT_PATIENCE_MS;
    const giveUpAt = performance.now() + patienceMs;
    while (!(await isSo())) {
      if (performance.now() > giveUpAt) throw new Error(`${what} did not come within ${seconds(patienceMs)}.`);
      await pause(POLL_MS, this.options.signal);
    }
    return performance.now();
  }

  private note(what: TimelineEvent['what'], text: string): void {
    const event = { atMs: performance.now() - this.faultMs, what, text };
    this.events.push(event);
    this.options.say(eventLine(event));
  }
}
