/** What can be reached at present; undefined: it has not been tried yet. */
export interface AuditAvailability {
  database: boolean | undefined;
  queue: boolean | undefined;
  /** Why not. */
  faults: { database?: Fault | undefined; queue?: Fault | undefined };
}

/** Why a service cannot be used. */
export interface Fault {
  /** A sentence for operators: which one, what is wrong, what to do. */
  reason: string;
  /** A sentence without addresses and names, for whoever probes; undefined: only operators may know. */
  publicReason?: string;
}
