import { getMetadataArgsStorage } from 'typeorm';
import { AUDIT_TABLE } from './partitions.js';
import { InferenceLog } from './inference-log.entity.js';

/** `name type` of each column, as the entity declares them. */
const COLUMNS = getMetadataArgsStorage()
  .columns.filter(({ target }) => target === InferenceLog)
  .map(({ propertyName, options: { type, length } }) => ({
    name: propertyName,
    type: length === undefined ? String(type) : `${String(type)}(${length})`,
  }));

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
