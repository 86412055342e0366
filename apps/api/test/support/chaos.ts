import { setTimeout as sleep } from 'node:timers/promises';

/** A process that is struck at. */
export interface Victim {
  name: string;
  /** Ends it without warning; false when it does not run at present. */
  kill(random: () => number): Promise<boolean>;
  /** Starts it again; a victim that somebody else starts again has none. */
  revive?(): Promise<void>;
  /** Stops it in the middle of whatever it does; false when it does not run at present. */
  freeze(): boolean;
  resume(): void;
}

/** How hard. */
export interface ChaosOptions {
  kills: number;
  random: () => number;
}

/** One strike is a freeze instead of a kill, this often. */
const FREEZE_SHARE = 0.25;
const MAX_DOWN_MS = 2000;
/** Longer than Postgres, Redis and the lock of a job may take, so that they are given up and then come back. */
const MAX_FROZEN_MS = 7000;
/** A victim that runs again is left alone for at most so long: some are struck while they start, some at work. */
const MAX_SPARED_MS = 4000;
const MAX_PAUSE_MS = 1500;

/** Kills and freezes at random until so many kills are done, and gives everything back running. */
export class Chaos {
  /** How often each was killed and frozen. */
  readonly strikes: Record<string, number> = {};
  private readonly busy = new Map<Victim, Promise<void>>();
  private bag: Victim[] = [];

  constructor(
    private readonly victims: readonly Victim[],
    private readonly options: ChaosOptions,
  ) {}

  async run(): Promise<void> {
    const { kills, random } = this.options;
    for (let killed = 0; killed < kills;) {
      const victim = await this.draw();
      const isFreeze = random() < FREEZE_SHARE;
      const isStruck = await (isFreeze ? this.freeze(victim) : this.kill(victim));
      if (isStruck) {
        const strike = `${isFreeze ? 'freeze' : 'kill'} ${victim.name}`;
        this.strikes[strike] = (this.strikes[strike] ?? 0) + 1;
        killed += isFreeze ? 0 : 1;
      }
      await sleep(random() * MAX_PAUSE_MS);
    }
    await Promise.all(this.busy.values());
  }

  /** Each in turn, in random order, so that none is left out for long. */
  private async draw(): Promise<Victim> {
    for (;;) {
      this.bag = this.bag.length > 0 ? this.bag : [...this.victims];
      const idle = this.bag.filter((victim) => !this.busy.has(victim));
      const drawn = idle[Math.floor(this.options.random() * idle.length)];
      if (drawn) {
        this.bag.splice(this.bag.indexOf(drawn), 1);
        return drawn;
      }
      await Promise.race(this.busy.values());
    }
  }

  private async kill(victim: Victim): Promise<boolean> {
    const { random } = this.options;
    const [downMs, sparedMs] = [random() * MAX_DOWN_MS, random() * MAX_SPARED_MS];
    const isKilled = await victim.kill(random);
    if (isKilled) {
      this.occupy(victim, async () => {
        await sleep(downMs);
        await victim.revive?.();
        await sleep(sparedMs);
      });
    }
    return isKilled;
  }

  private freeze(victim: Victim): boolean {
    const { random } = this.options;
    const [frozenMs, sparedMs] = [random() * MAX_FROZEN_MS, random() * MAX_SPARED_MS];
    const isFrozen = victim.freeze();
    if (isFrozen) {
      this.occupy(victim, async () => {
        await sleep(frozenMs);
        victim.resume();
        await sleep(sparedMs);
      });
    }
    return isFrozen;
  }

  private occupy(victim: Victim, until: () => Promise<void>): void {
    this.busy.set(
      victim,
      until().finally(() => this.busy.delete(victim)),
    );
  }
}
