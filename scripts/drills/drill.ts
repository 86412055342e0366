import type { Stack } from './stack.js';

/** What goes wrong, what tells of it, and where the runbook has the remedy. */
export interface Drill {
  /** `make drill-NAME`; the runbook's block with the remedy is tagged `drill=NAME`. */
  name: string;
  /** What is done to the stack, a sentence. */
  fault: string;
  /** Chapter of the runbook, whose verification has to pass afterwards. */
  section: string;
  /** The alert that has to fire. */
  alert: string;
  /** Which of the alerts of that name. @default any */
  labels?: Record<string, string>;
  /** What the remedy finds in its environment besides URL and WORKER. */
  env?: Record<string, string>;
  /** Most requests of the steady load that may fail, such as those in the hands of a killed server; without it none may. */
  mayFail?: number;
  /** Whether answers may leave without a row in the audit log. */
  mayLoseRecords?: boolean;
  /** Whether it needs a stack of processes. */
  needsProcesses?: boolean;
  /** Does the harm; what it gives back is stopped when the alert has been seen and the remedy done. */
  inject(stack: Stack): Promise<Harm | void>;
}

/** A harm that goes on by itself, such as a flood of requests. */
export interface Harm {
  stop(): Promise<void>;
}
