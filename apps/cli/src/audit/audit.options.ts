import type { ExportFormat } from '@app/audit-log';

/** Exit code when ledger and table differ. */
export const DIFFERENCES = 1;

/** Bounds of the rows that are meant. */
export interface RangeOptions {
  from?: Date;
  to?: Date;
}

/** `falcon audit export`. */
export interface ExportOptions extends RangeOptions {
  format: ExportFormat;
  out?: string;
}

/** `falcon audit tail`. */
export interface TailCommandOptions {
  last: number;
  json?: boolean;
}

/** `falcon audit verify`. */
export interface VerifyOptions extends RangeOptions {
  exact?: boolean;
  show: number;
  json?: boolean;
}
