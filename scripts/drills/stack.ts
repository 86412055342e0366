import type { LoadOptions } from './drill-load.js';

/** What may be done to a part of the stack; the words are those of `docker compose`. */
export const VERBS = ['start', 'stop', 'restart', 'kill', 'pause', 'unpause'] as const;
export type Verb = (typeof VERBS)[number];

/** An alert that waits for its `for`, or fires. */
export interface ActiveAlert {
  name: string;
  state: 'pending' | 'firing';
  labels: Record<string, string>;
}

/** How a script ended. */
export interface ShellResult {
  code: number;
  stdout: string;
  /** The same with what was said on stderr. */
  output: string;
}

/** What drills act on: two or more servers behind a load balancer, an audit worker, two Redis, a Postgres, a Prometheus. */
export interface Stack {
  /** How clients ask: where, with which key, how often. */
  readonly load: LoadOptions;
  /** Whether it ends with the drills, so that a fault in it harms nobody. */
  readonly isOwn: boolean;
  /** How many times faster than the clock the time of the alerts runs. */
  readonly factor: number;
  /** Does it to a part: `worker-1`, `audit-worker`, `redis-cache`, `redis-queue`, `postgres`; with settings it starts anew with these. */
  control(verb: Verb, part: string, settings?: Record<string, string>): Promise<void>;
  /** Lets a server have so little of a CPU until it is started anew. */
  throttle(part: string, share: number): Promise<void>;
  sql(statement: string): Promise<string>;
  alerts(): Promise<ActiveAlert[]>;
  /** Runs commands as the runbook writes them. */
  shell(commands: string, env?: Record<string, string>): Promise<ShellResult>;
  /** The same; throws with what they said when they fail. */
  must(commands: string, env?: Record<string, string>): Promise<void>;
  /** A key for a tenant. */
  newKey(tenant: string): Promise<string>;
  /** Request ids of answers that have no row in the audit log. */
  unrecorded(requestIds: readonly string[]): Promise<string>;
  close(): Promise<void>;
}
