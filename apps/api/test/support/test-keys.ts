import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateKey, type KeyRecord } from '@app/ops';
import { temporaryFolder } from '../../../../scripts/test-support/temporary-folder.js';

/** A file of keys, as `falcon keys` makes it. */
export class TestKeys {
  readonly file = join(temporaryFolder(), 'keys.json');
  private records: KeyRecord[] = [];

  constructor() {
    this.save();
  }

  /** Adds a key and returns what its owner is given. */
  add(of: Pick<KeyRecord, 'role'> & Partial<KeyRecord>): string {
    const { id, key, sha256 } = generateKey();
    this.records.push({ id, sha256, tenant: 'acme', created_at: '2026-01-01T00:00:00Z', ...of });
    this.save();
    return key;
  }

  /** Takes a key out again. */
  revoke(key: string): void {
    this.records = this.records.filter(({ id }) => !key.includes(id));
    this.save();
  }

  private save(): void {
    writeFileSync(`${this.file}.new`, JSON.stringify({ keys: this.records }));
    renameSync(`${this.file}.new`, this.file);
  }
}
