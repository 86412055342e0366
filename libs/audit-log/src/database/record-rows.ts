import { COLUMNS } from './inference-log.entity.js';
import { AUDIT_TABLE } from './partitions.js';

const NAMES = COLUMNS.map(({ name }) => name).join(', ');

/**
 * One statement for any number of records: Postgres takes the JSON apart, and what a record of an older format lacks
 * becomes NULL. A record that is in the table already is passed over, so that a job may come again.
 */
export const INSERT_RECORDS = `INSERT INTO ${AUDIT_TABLE} (${NAMES}) SELECT ${NAMES}
  FROM json_to_recordset($1::json) AS record(${COLUMNS.map(({ name, type }) => `${name} ${type}`).join(', ')})
  ON CONFLICT DO NOTHING`;

/** Records as the JSON array that the statement takes. */
export function toJsonArray(records: readonly string[]): string {
  return `[${records.join(',')}]`;
}
