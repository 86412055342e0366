import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { configFaults } from '../../../../scripts/test-support/config-faults.js';
import { PROJECT_DIR } from '../../../../scripts/test-support/program.js';
import { loadConfig } from '../config.js';
import { OWN_CHECKS } from './check-names.js';

describe('names of checks', () => {
  it.each(OWN_CHECKS)('%s is not to be had for what HEALTH_CHECK_URLS names', (name) => {
    expect(configFaults(() => loadConfig({ HEALTH_CHECK_URLS: `other=tcp://host:1,${name}=tcp://host:1` }))).toEqual([
      `HEALTH_CHECK_URLS="other=tcp://host:1,${name}=tcp://host:1" must be a list of other names than ${OWN_CHECKS.join(', ')}.`,
    ]);
  });

  it('are those of docs/health.md', () => {
    const page = readFileSync(join(PROJECT_DIR, 'docs/health.md'), 'utf8');
    const [, table = ''] = /\n## Checks\n([^]*?)\n## /.exec(page) ?? [];
    const documented = [...table.matchAll(/^\| `(\w+)` /gm)].map(([, name = '']) => name);
    expect(documented.toSorted()).toEqual(OWN_CHECKS.toSorted());
  });
});
